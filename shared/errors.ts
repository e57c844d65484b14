/**
 * The error catalogue: every refusal the shop can answer, as RFC 9457 problem documents. Each entry says what happened to
 * the money and what to do next; `type` is stable, texts may improve.
 */
interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly money: string;
  readonly next: string;
}

const NOTHING_CHANGED = 'Nothing was changed and no money moved.';
const FUNDING_SAFE = 'The funding stays where it is; the refund can be broadcast at the refund height.';

const CATALOGUE = {
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    money: NOTHING_CHANGED,
    next: 'Check the path, and that the channel or dataset id belongs to this shop.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is larger than any request of this API needs to be',
    money: NOTHING_CHANGED,
    next: 'Send at most 16 KiB.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request is not of the form this route takes',
    money: NOTHING_CHANGED,
    next: 'Correct the field named in detail and send it again.',
  },
  'malformed-terms': {
    status: 400,
    title: 'The terms are not valid, or their bytes are not in RFC 8785 form',
    money: NOTHING_CHANGED,
    next: 'Build the terms again from the shop and dataset answers and send their canonical bytes.',
  },
  'bad-request-signature': {
    status: 401,
    title: 'The request is not signed by the channel key',
    money: NOTHING_CHANGED,
    next: 'Sign method, host, path, time and body hash with the channel key.',
  },
  'clock-skew': {
    status: 401,
    title: 'The request was signed too long ago, or in the future',
    money: NOTHING_CHANGED,
    next: 'Set the clock by serverTime and sign again.',
  },
  'terms-refused': {
    status: 422,
    title: 'The shop does not open a channel on these terms',
    money: NOTHING_CHANGED,
    next: 'Read the shop and dataset answers again and build new terms. Do not fund this channel.',
  },
  'buyer-key-used': {
    status: 409,
    title: 'This buyer key belongs to another channel',
    money: NOTHING_CHANGED,
    next: 'Use a fresh key for every channel.',
  },
  'channel-ended': {
    status: 409,
    title: 'The channel has ended and takes no more of this',
    money: FUNDING_SAFE,
    next: 'Open a new channel with new terms for what is still wanted.',
  },
  'channel-not-open': {
    status: 409,
    title: 'The channel is not in a state that allows this',
    money: NOTHING_CHANGED,
    next: 'Ask for the channel and act on its state.',
  },
  'too-many-outpoints': {
    status: 429,
    title: 'The refund was co-signed for as many outpoints as one channel may have',
    money: NOTHING_CHANGED,
    next: 'Broadcast one of the funding transactions that are co-signed already.',
  },
  'funding-not-found': {
    status: 409,
    title: 'The funding output is not on the chain, or is spent',
    money: NOTHING_CHANGED,
    next: 'Broadcast the funding transaction, or name the outpoint that pays the channel, then call again.',
  },
  'funding-mismatch': {
    status: 422,
    title: 'The output is not the funding of this channel',
    money: FUNDING_SAFE,
    next: 'Name the outpoint that pays exactly the capacity to exactly the channel script.',
  },
  'payment-required': {
    status: 402,
    title: 'This chunk is not paid for',
    money: NOTHING_CHANGED,
    next: 'Send the commitment named in owed, then ask again.',
  },
  'no-such-chunk': {
    status: 404,
    title: 'The channel does not buy a chunk of this number',
    money: NOTHING_CHANGED,
    next: 'Ask for chunks from 0 up to the channel count, not including it.',
  },
  'too-many-urls': {
    status: 429,
    title: 'Too many download links were asked for this chunk',
    money: NOTHING_CHANGED,
    next: 'Use the link there is until it ends; a paid chunk can be asked for again tomorrow.',
  },
  'bad-commitment-signature': {
    status: 422,
    title: 'The signature is not valid for this commitment',
    money: 'The commitment was not accepted; the last accepted one stands.',
    next: 'Build the commitment digest from the terms and the funding outpoint and sign it again.',
  },
  'stale-commitment': {
    status: 409,
    title: 'A commitment for more was accepted already',
    money: 'The higher commitment stands; nothing was paid twice.',
    next: 'Go on from the state in this answer.',
  },
  'commitment-out-of-range': {
    status: 422,
    title: 'The commitment pays for more chunks than can be paid for now',
    money: 'The commitment was not accepted; the last accepted one stands.',
    next: 'Pay for fewer chunks at a time, and for no more than the channel buys.',
  },
  'too-late': {
    status: 409,
    title: 'The refund height is too near for this',
    money: 'What was paid is settled by the shop; the rest returns with the settlement or the refund.',
    next: 'Close the channel and open a new one that continues it.',
  },
  'unpaid-delivery': {
    status: 409,
    title: 'A chunk was delivered on this channel and not paid',
    money: FUNDING_SAFE,
    next: 'Pay for the chunk and close, or wait for the refund height.',
  },
  'chain-unavailable': {
    status: 503,
    title: 'The shop cannot see the chain well enough to decide',
    money: NOTHING_CHANGED,
    next: 'Try again in a minute.',
  },
  busy: {
    status: 503,
    title: 'The channel is being changed by another request',
    money: NOTHING_CHANGED,
    next: 'Send the same request again.',
  },
  internal: {
    status: 500,
    title: 'The shop failed',
    money: 'Whatever was acknowledged before stands; this request may or may not have taken effect.',
    next: 'Send the same request again: every request may be repeated.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemName = keyof typeof CATALOGUE;

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** All entries, for the API description and its documentation. */
export const PROBLEMS: Readonly<Record<ProblemName, ProblemKind>> = CATALOGUE;

/** The stable `type` of a problem document. */
export function problemType(name: ProblemName): string {
  return `urn:spillway:problem:${name}`;
}

/** A refusal from the catalogue, thrown anywhere, answered as a problem document. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly problem: ProblemName;
  readonly status: number;
  /** Further members of the document, e.g. `owed`. */
  readonly members: { readonly [key: string]: JsonValue };

  constructor(problem: ProblemName, detail: string, members: { readonly [key: string]: JsonValue } = {}) {
    super(detail);
    this.problem = problem;
    this.status = CATALOGUE[problem].status;
    this.members = members;
  }

  /** The document's members in the order a reader wants them (RFC 9457 section 3.1). */
  toJSON(): { readonly [key: string]: JsonValue } {
    const { title, money, next } = CATALOGUE[this.problem];
    return {
      type: problemType(this.problem),
      status: this.status,
      title,
      detail: this.message,
      money,
      next,
      ...this.members,
    };
  }
}
