import type { Outpoint } from '../chain/chain.ts';
import { Problem } from '../errors.ts';
import { MAX_REFUND_OUTPOINTS } from '../limits.ts';
import { refundMessage } from '../protocol/commitment.ts';
import { sha256 } from '../protocol/hashes.ts';
import type { Channel } from '../store/channel-record.ts';
import { BLOCKS_KEPT_AFTER_REFUND, fundingAt, sameOutpoint } from './channel-facts.ts';
import type { Shop } from './shop.ts';
import { CHANGED_MEANWHILE, untilDecided } from './until-decided.ts';

/**
 * B's signature by which A can take a funding back from the refund height on. It commits to the channel's own script, its
 * capacity and that height (the script commits to the terms), so it can be given in every state and for every outpoint.
 * @returns 64 bytes, the same for the same outpoint
 * @throws Problem too-many-outpoints
 */
export async function cosignRefund(shop: Shop, channel: Channel, outpoint: Outpoint): Promise<Uint8Array> {
  return untilDecided(shop, channel, async (current) => {
    const given = current.refunds.find((refund) => sameOutpoint(refund.outpoint, outpoint));
    if (given) return given.signature;
    if (current.refunds.length >= MAX_REFUND_OUTPOINTS) {
      throw new Problem('too-many-outpoints', `${MAX_REFUND_OUTPOINTS} outpoints are co-signed already`);
    }
    const message = refundMessage(fundingAt(current, outpoint), current.terms.refundHeight);
    const signature = await shop.signer.sign(sha256(message));
    // Stored before it is released (rule 9). From the first one on the record stays until the refund is long final; a
    // channel that waits for something else keeps the height it waits for.
    const waitsForNothing = current.state === 'PROPOSED' && !current.claimed;
    const stored = await shop.channels.change(
      current.id,
      {
        states: [current.state],
        refunds: current.refunds.length,
        ...(waitsForNothing && { unclaimed: true }),
      },
      {
        addRefund: { outpoint, signature },
        ...(waitsForNothing && { dueAt: current.terms.refundHeight + BLOCKS_KEPT_AFTER_REFUND }),
      },
    );
    if (!stored) return CHANGED_MEANWHILE;
    shop.log('refund-cosigned', { channelId: current.id, txid: outpoint.txid, vout: outpoint.vout });
    return signature;
  });
}
