import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { type Clock, unixSeconds } from '../../shared/clock.ts';
import type {
  ChannelAnswer,
  ChunkLink,
  CloseAnswer,
  CommitmentAnswer,
  DatasetAnswer,
  DatasetsAnswer,
  FundingAnswer,
  RefundAnswer,
  ShopAnswer,
} from '../../shared/http/api.ts';
import { ROUTES, type RouteName, routePath } from '../../shared/http/routes.ts';
import { MAX_ANSWER_BYTES } from '../../shared/limits.ts';
import {
  CONTINUES_HEADER,
  requestMessage,
  SIGNATURE_HEADER,
  TIME_HEADER,
} from '../../shared/protocol/request.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import { exchangeBounded } from './bounded-body.ts';
import type { ChannelSecrets } from './channel-secrets.ts';
import { BuyerError, isProblem, ShopProblem } from './errors.ts';
import { PATIENT, type RetryOptions, retry } from './retry.ts';

/** The shop's API as functions. All of them may be repeated, and are, where no answer came. */
export interface ShopClient {
  readonly url: string;
  shop(): Promise<ShopAnswer>;
  datasets(): Promise<DatasetsAnswer>;
  dataset(manifest: string): Promise<DatasetAnswer>;
  /** @param continues `<earlier channel id> <signature>`, the proof of a continuation */
  open(channel: ChannelSecrets, terms: Uint8Array, continues?: string): Promise<ChannelAnswer>;
  cosignRefund(channel: ChannelSecrets, outpoint: Outpoint): Promise<RefundAnswer>;
  confirmFunding(channel: ChannelSecrets, outpoint: Outpoint): Promise<FundingAnswer>;
  /** @param chunk counted within the channel */
  issueChunk(channel: ChannelSecrets, chunk: number): Promise<ChunkLink>;
  /** @param signature 64 bytes, hex */
  commit(channel: ChannelSecrets, k: number, signature: string): Promise<CommitmentAnswer>;
  close(channel: ChannelSecrets): Promise<CloseAnswer>;
  channel(channel: ChannelSecrets): Promise<ChannelAnswer>;
}

export interface ShopClientOptions {
  readonly url: string;
  readonly clock: Clock;
  /** By default the platform's own, which knows of no proxy. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly retry?: RetryOptions;
  /** Milliseconds that one answer may take; API Gateway gives up after 30 seconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

interface Call {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly secret?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

type AnswerOf<R extends RouteName> = v.InferOutput<(typeof ROUTES)[R]['answer']>;

const problemSchema = v.object({
  type: v.pipe(v.string(), v.maxLength(200)),
  title: v.optional(v.string(), 'The shop refused'),
  detail: v.optional(v.string(), ''),
  money: v.optional(v.string(), ''),
  next: v.optional(v.string(), ''),
});

/** @throws BuyerError usage where the url is not one */
export function shopClient(options: ShopClientOptions): ShopClient {
  const { clock, signal } = options;
  const base = shopUrl(options.url);
  const prefix = base.pathname.replace(/\/+$/, '');
  /** Seconds that the shop's clock is ahead of ours. */
  let skew = 0;

  const once = async <R extends RouteName>(name: R, call: Call): Promise<AnswerOf<R>> => {
    const route = ROUTES[name];
    const path = routePath(route, call.parameters);
    const body = call.body ?? new Uint8Array(0);
    const headers: Record<string, string> = { accept: 'application/json', ...call.headers };
    if (call.body) headers['content-type'] = 'application/json';
    if (call.secret) {
      const seconds = unixSeconds(clock) + skew;
      const message = requestMessage({ method: route.method, host: base.host, path, seconds, body });
      headers[TIME_HEADER] = seconds.toString();
      headers[SIGNATURE_HEADER] = bytesToHex(signMessage(call.secret, message));
    }
    const { status, value } = await exchange(`${base.origin}${prefix}${path}`, options, {
      method: route.method,
      headers,
      ...(call.body && { body: Uint8Array.from(call.body) }),
    });
    if (status >= 200 && status < 300) return parseAnswer(name, value);
    throw problemOf(status, value);
  };

  const send = async <R extends RouteName>(name: R, call: Call = {}): Promise<AnswerOf<R>> => {
    const attempt = () => retry(() => once(name, call), options.retry ?? PATIENT, signal);
    try {
      return await attempt();
    } catch (error) {
      const ahead = isProblem(error, 'clock-skew') ? serverTime(error) : undefined;
      if (ahead === undefined) throw error;
      skew = ahead - unixSeconds(clock);
      return attempt();
    }
  };

  const of = (channel: ChannelSecrets, further: Omit<Call, 'parameters' | 'secret'> = {}) => ({
    parameters: { channelId: channel.channelId },
    secret: channel.secret,
    ...further,
  });
  return {
    url: options.url,
    shop: () => send('getShop'),
    datasets: () => send('listDatasets'),
    dataset: (manifest) => send('getDataset', { parameters: { manifest } }),
    open: (channel, terms, continues) =>
      send('openChannel', {
        secret: channel.secret,
        body: terms,
        ...(continues !== undefined && { headers: { [CONTINUES_HEADER]: continues } }),
      }),
    cosignRefund: (channel, outpoint) => send('cosignRefund', of(channel, { body: json({ outpoint }) })),
    confirmFunding: (channel, outpoint) => send('confirmFunding', of(channel, { body: json({ outpoint }) })),
    issueChunk: (channel, chunk) =>
      send('issueChunk', {
        parameters: { channelId: channel.channelId, chunk: chunk.toString() },
        secret: channel.secret,
      }),
    commit: (channel, k, signature) =>
      send('acceptCommitment', {
        parameters: { channelId: channel.channelId },
        body: json({ k, signature }),
      }),
    close: (channel) => send('closeChannel', of(channel)),
    channel: (channel) => send('getChannel', of(channel)),
  };
}

function shopUrl(text: string): URL {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new BuyerError('usage', `${text} is not the address of a shop.`, {
      next: 'Give the address that the seller names, e.g. https://shop.example',
    });
  }
  return new URL(text);
}

async function exchange(
  url: string,
  { fetch, timeout = 35_000, signal }: ShopClientOptions,
  request: RequestInit,
): Promise<{ readonly status: number; readonly value: unknown }> {
  const { status, bytes } = await exchangeBounded({
    fetch,
    who: `The shop at ${new URL(url).origin}`,
    url,
    request,
    timeout,
    signal,
    limit: MAX_ANSWER_BYTES,
  });
  try {
    return { status, value: JSON.parse(new TextDecoder().decode(bytes)) as unknown };
  } catch {
    return { status, value: undefined };
  }
}

function parseAnswer<R extends RouteName>(name: R, value: unknown): AnswerOf<R> {
  const schema: v.GenericSchema<unknown, AnswerOf<R>> = ROUTES[name].answer as never;
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new BuyerError(
    'shop-dishonest',
    `The shop's answer to ${name} is not of the protocol: ${v.getDotPath(issue) ?? 'answer'}: ${issue.message}`,
  );
}

function problemOf(status: number, value: unknown): BuyerError {
  const result = v.safeParse(problemSchema, value);
  if (result.success) return new ShopProblem(status, result.output, value as Record<string, unknown>);
  const code = status >= 500 ? 'shop-unreachable' : 'shop-refused';
  return new BuyerError(code, `The shop answered with status ${status} and no problem document.`);
}

function serverTime({ members }: ShopProblem): number | undefined {
  const time = members.serverTime;
  return typeof time === 'number' && Number.isSafeInteger(time) ? time : undefined;
}

function json(value: unknown): Uint8Array {
  return utf8ToBytes(JSON.stringify(value));
}
