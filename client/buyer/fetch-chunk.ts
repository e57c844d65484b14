import { chunkSpan, segmentSpan } from '../../shared/dataset/layout.ts';
import type { Purchase } from './buyer-context.ts';
import type { ChannelSecrets } from './channel-secrets.ts';
import { linkTo } from './chunk-links.ts';
import type { DatasetFiles } from './dataset-files.ts';
import { downloadChunk } from './download.ts';
import { BuyerError } from './errors.ts';
import { SegmentWrong } from './fetch-segment.ts';

/**
 * Brings a chunk of a channel to the disk and says so in the journal, to be synced with the next commitment: a power cut before
 * that costs another look at the data, no more. May run for several chunks at the same time.
 * @param number counted within the channel
 * @param stop ends the transfer, besides the buyer's own signal
 */
export async function fetchChunk(
  purchase: Purchase,
  channel: ChannelSecrets,
  number: number,
  stop?: AbortSignal,
): Promise<void> {
  const { manifest, journal, buyer, files, pool, progress, report } = purchase;
  const chunk = channel.terms.first + number;
  const signals = [buyer.signal, stop].flatMap((signal) => signal ?? []);
  const begun = journal.state().begun.has(chunk);
  // Not awaited first: a machine that loses it fetches again what it might have found.
  const noted = begun ? undefined : journal.note({ v: 1, record: 'chunk-begun', chunk });
  progress.begin(chunk);
  const data = downloadChunk({
    manifest,
    files,
    pool,
    chunk,
    begun,
    synced: journal.state().synced.get(chunk) ?? new Set(),
    link: async (renew) => (await linkTo(purchase, channel, number, renew)).url,
    retry: buyer.retry,
    signal: AbortSignal.any(signals),
    onBytes: (count) => report({ kind: 'bytes', ...progress.add(chunk, count) }),
    onSynced: (segments) =>
      journal.append({ v: 1, record: 'segments-synced', chunk, segments: [...segments] }),
  });
  try {
    const [outcome] = await Promise.allSettled([data, noted]);
    if (outcome.status === 'rejected') throw await withEvidence(purchase, outcome.reason);
    await noted;
    await journal.note({ v: 1, record: 'chunk-verified', chunk });
    report({ kind: 'chunk-verified', chunk });
  } finally {
    progress.end(chunk, journal.state().verified.has(chunk));
  }
}

/** What is wrong must be shown to the seller, and to others if need be, long after the message has scrolled away. */
async function withEvidence({ journal, manifestId }: Purchase, error: unknown): Promise<unknown> {
  if (!(error instanceof SegmentWrong)) return error;
  const evidence = { manifest: manifestId, ...error.evidence };
  const path = await journal.keepEvidence(evidence);
  return new BuyerError(error.code, error.message, {
    next: `No more is paid to this shop. Tell the seller (what came is described in ${path}), or take the rest back with \`spillway refund\`.`,
    evidence: { ...evidence, keptIn: path },
    cause: error,
  });
}

/**
 * Strikes chunks off whose files are gone, whole ones and those that were under way: they are fetched again, and what is paid
 * for costs nothing. Before anything is fetched: a file that is made anew has its size, but not its bytes.
 */
export async function strikeLostChunks({
  manifest,
  journal,
  files,
}: Pick<Purchase, 'manifest' | 'journal'> & {
  readonly files: Pick<DatasetFiles, 'isThere'>;
}): Promise<void> {
  const { verified, synced } = journal.state();
  const lost = new Set<number>();
  for (const chunk of verified) if (!(await files.isThere(chunkSpan(manifest, chunk)))) lost.add(chunk);
  for (const [chunk, segments] of synced) {
    for (const segment of segments) {
      if (!(await files.isThere(segmentSpan(manifest, chunk, segment)))) lost.add(chunk);
    }
  }
  for (const chunk of lost) await journal.append({ v: 1, record: 'chunk-lost', chunk });
}
