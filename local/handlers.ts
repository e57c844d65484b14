import type { ApiHandler } from '../functions/handler.ts';
import type { ROUTES } from '../shared/http/routes.ts';

type FunctionName = (typeof ROUTES)[keyof typeof ROUTES]['functionName'];

/**
 * The deployed functions, by the names of the routes table: one missing here does not compile. Loaded when the shop's
 * environment is set, as Lambda would load them.
 */
export const HANDLERS: Readonly<Record<FunctionName, () => Promise<{ readonly handler: ApiHandler }>>> = {
  'get-shop': () => import('../functions/get-shop.ts'),
  'list-datasets': () => import('../functions/list-datasets.ts'),
  'get-dataset': () => import('../functions/get-dataset.ts'),
  'open-channel': () => import('../functions/open-channel.ts'),
  'cosign-refund': () => import('../functions/cosign-refund.ts'),
  'confirm-funding': () => import('../functions/confirm-funding.ts'),
  'issue-chunk-url': () => import('../functions/issue-chunk-url.ts'),
  'accept-commitment': () => import('../functions/accept-commitment.ts'),
  'close-channel': () => import('../functions/close-channel.ts'),
  'get-channel': () => import('../functions/get-channel.ts'),
};
