import { bytesToHex } from '@noble/hashes/utils.js';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import { price } from '../../shared/protocol/price.ts';
import type { Purchase } from './buyer-context.ts';
import { type DatasetNotes, notesOf } from './dataset-notes.ts';
import { type ChannelRecordState, sentFundings } from './purchase-state.ts';

/** What a purchase has come to. Money is satoshis. */
export interface PurchaseResult {
  readonly purchase: string;
  readonly manifest: string;
  readonly name: string;
  readonly output: string;
  readonly files: readonly string[];
  /** What was saved beside them, below `output`. */
  readonly notes: DatasetNotes;
  readonly bytes: number;
  readonly chunks: number;
  readonly paid: bigint;
  readonly fundingFees: bigint;
  readonly channels: readonly ChannelResult[];
}

export interface ChannelResult {
  readonly channelId: string;
  readonly chunksPaid: number;
  readonly paid: bigint;
  readonly capacity: bigint;
  readonly refundHeight: number;
  readonly changeScript: string;
  readonly fundingTxid?: string;
  readonly state: string;
  /** The transaction that spent the funding, and what it brought back. */
  readonly end?: {
    readonly by: string;
    readonly txid: string;
    readonly height: number;
    readonly returned: bigint;
  };
}

export function purchaseResult({
  journal,
  manifest,
  manifestId,
  files,
  selection,
}: Purchase): PurchaseResult {
  const { channels, plan } = journal.state();
  const results = channels
    .filter((channel) => sentFundings(channel).length > 0)
    .map((channel) => channelResult(channel, manifest));
  return {
    purchase: journal.id,
    manifest: manifestId,
    name: plan?.name ?? manifest.name,
    output: files.output,
    files: manifest.files.filter((_, file) => selection.isWanted(file)).map(({ path }) => path),
    notes: notesOf(manifestId, manifest),
    bytes: selection.bytes,
    chunks: selection.chunks.length,
    paid: results.reduce((sum, { paid }) => sum + paid, 0n),
    fundingFees: channels.reduce((sum, channel) => sum + (usedFunding(channel)?.fee ?? 0n), 0n),
    channels: results,
  };
}

export function channelResult(channel: ChannelRecordState, manifest: Manifest): ChannelResult {
  const { channelId, terms, paid, ended } = channel;
  const funding = usedFunding(channel);
  return {
    channelId,
    chunksPaid: paid,
    paid: price(terms, manifest, paid),
    capacity: terms.capacity,
    refundHeight: terms.refundHeight,
    changeScript: bytesToHex(terms.changeScript),
    ...(funding && { fundingTxid: funding.outpoint.txid }),
    state: channelStanding(channel),
    ...(ended && {
      end: { by: ended.by, txid: ended.txid, height: ended.height, returned: BigInt(ended.returned) },
    }),
  };
}

/** Where a channel stands, in one word for people. */
export function channelStanding(channel: ChannelRecordState): string {
  if (channel.ended) return `ended by ${channel.ended.by}`;
  if (channel.abandoned) return 'abandoned';
  if (channel.returnSent) return `${channel.returnSent.kind} sent`;
  if (channel.closed !== undefined) return 'closed';
  if (channel.confirmed) return 'open';
  if (sentFundings(channel).length > 0) return 'funding';
  return 'proposed';
}

function usedFunding(channel: ChannelRecordState) {
  const sent = sentFundings(channel);
  return sent.find(({ outpoint }) => outpoint.txid === channel.confirmed?.outpoint.txid) ?? sent.at(-1);
}
