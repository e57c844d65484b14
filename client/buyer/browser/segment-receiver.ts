import { bytesToHex } from '@noble/hashes/utils.js';
import { checkAnswer } from '../transfer/check-answer.ts';
import type { FetchOutcome, Held, SegmentFetch, SegmentPlace } from '../transfer/outcome.ts';
import { AnswerRefused, LinkEnded, TransferBroken } from '../transfer/transfer-errors.ts';
import type { ChunkFiles } from './chunk-files.ts';

/** Brings whole segments from the network to the page's files: each is hashed in memory, written, and flushed. */
export interface SegmentReceiver {
  look(place: SegmentPlace, length: number): Promise<Held>;
  /** @throws BuyerError disk */
  fetch(fetch: SegmentFetch, signal: AbortSignal, onBytes: (count: number) => void): Promise<FetchOutcome>;
}

/** Milliseconds in which something must come. */
const STALL_TIMEOUT = 30_000;

/** The beginning of a segment whose transfer broke. */
interface Begun {
  readonly bytes: Uint8Array<ArrayBuffer>;
  held: number;
}

export function segmentReceiver(files: ChunkFiles): SegmentReceiver {
  /** By place, until their rest comes. */
  const broken = new Map<string, Begun>();
  return {
    async look(place, length) {
      const bytes = await files.read(place, length);
      return bytes ? { hash: await sha256Hex(bytes), length } : { hash: undefined, length: 0 };
    },
    async fetch(wanted, signal, onBytes) {
      const key = JSON.stringify(wanted.place);
      const known = broken.get(key);
      const begun = known?.held === wanted.held ? known : { bytes: new Uint8Array(wanted.length), held: 0 };
      broken.delete(key);
      try {
        await receive(wanted, begun, signal, onBytes);
      } catch (error) {
        signal.throwIfAborted();
        if (begun.held > 0) broken.set(key, begun);
        return outcomeOf(error, begun.held);
      }
      const hash = await sha256Hex(begun.bytes);
      await files.write(wanted.place, begun.bytes);
      return { kind: 'received', hash };
    },
  };
}

async function receive(
  { url, start, length, objectSize, newConnection }: SegmentFetch,
  begun: Begun,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), STALL_TIMEOUT);
  const wanted = { start: start + begun.held, length: length - begun.held, objectSize };
  try {
    const response = await fetch(url, {
      headers: { range: `bytes=${wanted.start}-${wanted.start + wanted.length - 1}` },
      // Where a redirect leads is not followed, and not hidden behind a failure of the network.
      redirect: 'manual',
      credentials: 'omit',
      cache: newConnection ? 'reload' : 'no-store',
      signal: AbortSignal.any([signal, stall.signal]),
    });
    if (response.type === 'opaqueredirect') throw new AnswerRefused('redirects to another place');
    checkAnswer({ status: response.status, headers: new Map(response.headers), keepsAlive: true }, wanted);
    const reader = response.body?.getReader();
    for (;;) {
      const { value } = (await reader?.read()) ?? {};
      if (!value) break;
      if (value.length > length - begun.held) throw new AnswerRefused('sends more than was asked for');
      begun.bytes.set(value, begun.held);
      begun.held += value.length;
      onBytes(value.length);
      clearTimeout(timer);
      timer = setTimeout(() => stall.abort(), STALL_TIMEOUT);
    }
  } catch (error) {
    if (error instanceof AnswerRefused || error instanceof LinkEnded || error instanceof TransferBroken)
      throw error;
    const reason = stall.signal.aborted ? 'sends nothing any more' : 'broke the connection';
    throw new TransferBroken(reason, { cause: error });
  } finally {
    clearTimeout(timer);
  }
  if (begun.held < length) throw new TransferBroken('ended the transfer early');
}

function outcomeOf(error: unknown, held: number): FetchOutcome {
  if (error instanceof LinkEnded) return { kind: 'link-ended', reason: error.message, held };
  if (error instanceof TransferBroken) {
    return { kind: 'broken', reason: error.message, busy: error.busy, held };
  }
  if (error instanceof AnswerRefused) return { kind: 'refused', reason: error.message, held };
  throw error;
}

async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
