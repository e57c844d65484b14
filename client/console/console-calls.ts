import * as v from 'valibot';
import {
  MAX_DESCRIPTION_CHARACTERS,
  MAX_LICENCE_CHARACTERS,
  MAX_NAME_CHARACTERS,
  MAX_PATH_BYTES,
  MAX_SATOSHIS,
} from '../../shared/limits.ts';
import type { Offer } from '../seller/change-offer.ts';
import type { ChannelList } from '../seller/list-channels.ts';
import type { LoggedAlarm } from '../seller/local-alarms.ts';
import type { ShopStatus } from '../seller/shop-status.ts';
import { failureOf } from './failure.ts';
import { type DeskRequest, type PublishPath, publishingDesk } from './publishing-desk.ts';

/** What the page shows. */
export interface ConsoleReport {
  readonly shop: ShopPlace;
  readonly status: ShopStatus;
  readonly channels: ChannelList;
  /** Of a local shop's log; a deployed one's are CloudWatch's, which the seller's policy does not let read. */
  readonly alarms?: readonly LoggedAlarm[];
}

export interface ShopPlace {
  readonly network: string;
  /** The local shop's folder, or the deployed one's table. */
  readonly place: string;
  readonly isLocal: boolean;
  readonly payoutAddress: string;
  /** The address of the shop's own pages, where it has some. */
  readonly storefront?: string;
}

/** A change that was made, with what the seller must know besides. */
export type Told<Change> = Change & { readonly note?: string };

/** The seller's own tasks, as the commands do them. */
export interface ConsolePorts {
  report(): Promise<ConsoleReport>;
  changePrice(dataset: string, pricePerChunk: bigint): Promise<Told<Offer>>;
  unpublish(dataset: string): Promise<Told<Offer>>;
  /** Its path is a file or folder of this machine. */
  readonly publish: PublishPath;
}

export interface ConsoleCall {
  readonly method: 'GET' | 'POST';
  run(body: object): Promise<CallAnswer>;
}

export interface CallAnswer {
  readonly status: number;
  readonly document: unknown;
}

/** By name. */
export type ConsoleCalls = ReadonlyMap<string, ConsoleCall>;

const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const satoshis = v.pipe(
  v.string(),
  v.regex(/^[1-9][0-9]{0,15}$/),
  v.transform((digits): bigint => BigInt(digits)),
  v.maxValue(MAX_SATOSHIS),
);
const priceBody = v.strictObject({ dataset: text(MAX_NAME_CHARACTERS), pricePerChunk: satoshis });
const datasetBody = v.strictObject({ dataset: text(MAX_NAME_CHARACTERS) });
const publishBody = v.strictObject({
  path: v.pipe(text(MAX_PATH_BYTES), v.minLength(1)),
  pricePerChunk: satoshis,
  name: v.optional(text(MAX_NAME_CHARACTERS)),
  description: v.optional(text(MAX_DESCRIPTION_CHARACTERS)),
  licence: v.optional(text(MAX_LICENCE_CHARACTERS)),
  dryRun: v.optional(v.boolean(), false),
});

export function consoleCalls(ports: ConsolePorts): ConsoleCalls {
  const desk = publishingDesk(ports.publish);
  return new Map<string, ConsoleCall>([
    ['report', get(() => ports.report())],
    ['publishing', get(async () => desk.state())],
    ['price', post(priceBody, ({ dataset, pricePerChunk }) => ports.changePrice(dataset, pricePerChunk))],
    ['unpublish', post(datasetBody, ({ dataset }) => ports.unpublish(dataset))],
    ['publish', post(publishBody, async (body) => desk.start(body.path, requestOf(body)))],
  ]);
}

function requestOf(body: v.InferOutput<typeof publishBody>): DeskRequest {
  const { pricePerChunk, name, description, licence, dryRun } = body;
  return {
    pricePerChunk,
    dryRun,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(licence !== undefined && { licence }),
  };
}

function get(work: () => Promise<unknown>): ConsoleCall {
  return { method: 'GET', run: () => answer(work) };
}

function post<Schema extends v.GenericSchema>(
  schema: Schema,
  work: (body: v.InferOutput<Schema>) => Promise<unknown>,
): ConsoleCall {
  return {
    method: 'POST',
    run: async (body) => {
      const parsed = v.safeParse(schema, body);
      if (parsed.success) return answer(() => work(parsed.output));
      const field = v.getDotPath(parsed.issues[0]) ?? 'the request';
      return { status: 400, document: failure(`${field} is missing or not valid.`, 'Correct it.') };
    },
  };
}

/** What went wrong is told as the commands tell it. */
async function answer(work: () => Promise<unknown>): Promise<CallAnswer> {
  try {
    return { status: 200, document: await work() };
  } catch (error) {
    const { message, next } = failureOf(error);
    return { status: 422, document: failure(message, next) };
  }
}

function failure(message: string, next: string): { readonly error: object } {
  return { error: { message, next } };
}
