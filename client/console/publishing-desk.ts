import type { PublishEvent } from '../seller/dataset-chunks.ts';
import type { Publication } from '../seller/offer-dataset.ts';
import type { PublishRequest } from '../seller/publish.ts';
import { SellerError } from '../seller/seller-error.ts';
import { failureOf } from './failure.ts';

/** How the one publication that may run at a time stands. */
export type Publishing =
  | { readonly state: 'none' }
  | {
      readonly state: 'running';
      readonly path: string;
      readonly dryRun: boolean;
      /** Bytes, once it is known how many there are. */
      readonly done: number;
      readonly total?: number;
    }
  | { readonly state: 'done'; readonly publication: Publication & { readonly note?: string } }
  | { readonly state: 'failed'; readonly message: string; readonly next: string };

export interface PublishingDesk {
  state(): Publishing;
  /** @throws SellerError usage while another one runs */
  start(path: string, request: DeskRequest): Publishing;
}

export type DeskRequest = PublishRequest & { readonly dryRun: boolean };

export type PublishPath = (
  path: string,
  request: PublishRequest,
  onProgress: (event: PublishEvent) => void,
) => Promise<Publication & { readonly note?: string }>;

/** Takes one publication after another, and tells how each went until the next one begins. */
export function publishingDesk(publish: PublishPath): PublishingDesk {
  let state: Publishing = { state: 'none' };
  return {
    state: () => state,
    start(path, request) {
      if (state.state === 'running') {
        throw new SellerError('usage', `${state.path} is being published.`, 'Wait until that has ended.');
      }
      const running = { state: 'running' as const, path, dryRun: request.dryRun };
      state = { ...running, done: 0 };
      publish(path, request, (event) => {
        if (event.type === 'hashing' || event.type === 'uploading') state = { ...running, done: 0 };
        if (event.type !== 'bytes') return;
        state = { ...running, done: event.done, ...(event.total !== undefined && { total: event.total }) };
      }).then(
        (publication) => {
          state = { state: 'done', publication };
        },
        (error: unknown) => {
          state = { state: 'failed', ...failureOf(error) };
        },
      );
      return state;
    },
  };
}
