import type { GenericSchema } from 'valibot';
import {
  channelAnswer,
  chunkAnswer,
  closeAnswer,
  commitmentAnswer,
  commitmentBody,
  datasetAnswer,
  datasetsAnswer,
  fundingAnswer,
  outpointBody,
  refundAnswer,
  shopAnswer,
} from './api.ts';

/** Who may call a route: anyone; the holder of the channel key, by a request signature; whoever has a commitment. */
export type Caller = 'anyone' | 'channel-key' | 'commitment';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** As API Gateway writes it, e.g. `/channels/{channelId}`. */
  readonly path: string;
  /** The function that answers it: `functions/<name>.ts`. */
  readonly functionName: string;
  readonly caller: Caller;
  /** One line for the API description. */
  readonly summary: string;
  /** The body's schema; 'terms' for the canonical terms, absent where there is none. */
  readonly body?: GenericSchema | 'terms';
  readonly answer: GenericSchema;
}

/** Every route there is: the API construct, the local gateway, the client and the API description all read this table. */
export const ROUTES = {
  getShop: {
    method: 'GET',
    path: '/shop',
    functionName: 'get-shop',
    caller: 'anyone',
    summary: "The shop's network, key, tip and policy",
    answer: shopAnswer,
  },
  listDatasets: {
    method: 'GET',
    path: '/datasets',
    functionName: 'list-datasets',
    caller: 'anyone',
    summary: 'What is for sale',
    answer: datasetsAnswer,
  },
  getDataset: {
    method: 'GET',
    path: '/datasets/{manifest}',
    functionName: 'get-dataset',
    caller: 'anyone',
    summary: 'One dataset, with a link to its signed manifest',
    answer: datasetAnswer,
  },
  openChannel: {
    method: 'POST',
    path: '/channels',
    functionName: 'open-channel',
    caller: 'channel-key',
    summary: 'Propose a channel by its terms',
    body: 'terms',
    answer: channelAnswer,
  },
  cosignRefund: {
    method: 'POST',
    path: '/channels/{channelId}/refund',
    functionName: 'cosign-refund',
    caller: 'channel-key',
    summary: "The seller's signature for the refund of a funding outpoint",
    body: outpointBody,
    answer: refundAnswer,
  },
  confirmFunding: {
    method: 'POST',
    path: '/channels/{channelId}/funding',
    functionName: 'confirm-funding',
    caller: 'channel-key',
    summary: 'Name the funding outpoint; the channel opens once it is deep enough',
    body: outpointBody,
    answer: fundingAnswer,
  },
  issueChunk: {
    method: 'POST',
    path: '/channels/{channelId}/chunks/{chunk}',
    functionName: 'issue-chunk-url',
    caller: 'channel-key',
    summary: 'A link to a chunk that is paid for, or that credit allows',
    answer: chunkAnswer,
  },
  acceptCommitment: {
    method: 'POST',
    path: '/channels/{channelId}/commitments',
    functionName: 'accept-commitment',
    caller: 'commitment',
    summary: 'Pay; the answer carries the next link',
    body: commitmentBody,
    answer: commitmentAnswer,
  },
  closeChannel: {
    method: 'POST',
    path: '/channels/{channelId}/close',
    functionName: 'close-channel',
    caller: 'channel-key',
    summary: 'Settle now, or cancel a channel on which nothing was delivered',
    answer: closeAnswer,
  },
  getChannel: {
    method: 'GET',
    path: '/channels/{channelId}',
    functionName: 'get-channel',
    caller: 'channel-key',
    summary: 'State, payments, heights and transactions',
    answer: channelAnswer,
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;

/** A route's path with its parameters filled in, each percent-encoded. */
export function routePath(route: Route, parameters: Readonly<Record<string, string>> = {}): string {
  return route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined) throw new TypeError(`${route.path} needs ${name}`);
    return encodeURIComponent(value);
  });
}
