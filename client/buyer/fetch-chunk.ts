import { chunkSpan } from '../../shared/dataset/layout.ts';
import type { ChunkLink } from '../../shared/http/api.ts';
import { chunkSizeAt } from '../../shared/protocol/price.ts';
import type { Purchase } from './buyer-context.ts';
import type { ChannelSecrets } from './channel-secrets.ts';
import { checkLink } from './checks.ts';
import { downloadChunk } from './download.ts';

/**
 * Brings a chunk of a channel to the disk and says so in the journal.
 * @param number counted within the channel
 * @param next the link that the last payment's answer carried
 */
export async function fetchChunk(
  purchase: Purchase,
  channel: ChannelSecrets,
  number: number,
  next?: ChunkLink | null,
): Promise<void> {
  const { manifest, shop, journal, buyer, dataHost, files, pool } = purchase;
  const chunk = channel.terms.first + number;
  const expected = { chunk: number, size: chunkSizeAt(manifest, chunk), host: dataHost };
  const link = async (renew: boolean) => {
    const given = !renew && next?.chunk === number ? next : await shop.issueChunk(channel, number);
    checkLink(given, expected);
    return given.url;
  };
  await downloadChunk({
    manifest,
    files,
    pool,
    chunk,
    link,
    retry: buyer.retry,
    ...(buyer.signal && { signal: buyer.signal }),
    onBytes: byteReport(purchase),
  });
  await journal.append({ v: 1, record: 'chunk-verified', chunk });
}

function byteReport({ manifest, journal, report }: Purchase): (count: number) => void {
  let done = verifiedBytes(manifest, journal.state().verified);
  return (count) => {
    done += count;
    report({ kind: 'bytes', done, total: manifest.totalSize });
  };
}

/** All chunks are of one size but the last. */
export function verifiedBytes(manifest: Purchase['manifest'], verified: ReadonlySet<number>): number {
  const last = manifest.chunks.length - 1;
  const missing = verified.has(last) ? manifest.chunkSize - chunkSizeAt(manifest, last) : 0;
  return verified.size * manifest.chunkSize - missing;
}

/** Strikes chunks off whose files are gone; they are fetched again, and those that are paid for cost nothing. */
export async function strikeLostChunks({ manifest, journal, files }: Purchase): Promise<void> {
  for (const chunk of [...journal.state().verified]) {
    if (await files.isThere(chunkSpan(manifest, chunk))) continue;
    await journal.append({ v: 1, record: 'chunk-lost', chunk });
  }
}
