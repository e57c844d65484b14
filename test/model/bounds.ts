import { SETTLED_DEPTH } from '../../shared/limits.ts';
import type { Channel } from '../../shared/store/channel-record.ts';
import { spendOf } from './chain-view.ts';
import type { ModelChannel } from './model-buyer.ts';
import { isSettlement, type ModelGround, type Watch } from './model-shop.ts';

/** A bound that does not hold. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** What the two sides may do to each other, as far as it can be said of one step; the money is for the end of a history. */
export interface Bounds extends Watch {
  add(channel: ModelChannel): void;
  /** A link to one of the channel's chunks was given out. */
  linked(channel: ModelChannel, chunk: number): void;
  /** A payment was answered as accepted. */
  accepted(channel: ModelChannel, k: number, paid: number): void;
  /** B's cancel signature was given out. */
  cancelled(channel: ModelChannel): void;
  /** Terms that continue a channel were taken. */
  continued(channel: ModelChannel, earlierPaid: number): void;
  /** Holds what is stored and on the chain against all that was before. */
  check(): void;
}

const FINAL = ['CANCELLED', 'SETTLED', 'EXPIRED'];
const AFTER: Readonly<Record<string, readonly string[]>> = {
  CLOSING: ['CLOSING', 'SETTLED', 'EXPIRED'],
  REFUSED: ['REFUSED', 'CANCELLED'],
};
/** States in which nothing is sold any more. */
const OVER = ['CLOSING', 'REFUSED', ...FINAL];
/** Blocks after L for which a record is kept. */
const KEPT = 144;

export function modelBounds(ground: () => ModelGround): Bounds {
  const channels = new Map<string, ModelChannel>();
  const before = new Map<string, Channel>();
  /** Chunks that were given out, counted within their channel. */
  const links = new Map<string, Set<number>>();

  const stored = (channel: ModelChannel): Channel => {
    const found = ground().store.peek(channel.id);
    if (!found) throw new Broken(`channel ${channel.id} is gone`);
    return found;
  };
  const must = (holds: boolean, bound: string): void => {
    if (!holds) throw new Broken(bound);
  };

  function checkStep(channel: ModelChannel, is: Channel, was: Channel): void {
    must(is.paid >= was.paid, 'what is paid never becomes less');
    must(is.delivered >= was.delivered, 'what is delivered never becomes less');
    must(
      !FINAL.includes(was.state) || is.state === was.state,
      `${was.state} is an end, and became ${is.state}`,
    );
    must(AFTER[was.state]?.includes(is.state) ?? true, `${was.state} became ${is.state}`);
    must(!OVER.includes(was.state) || is.paid === was.paid, `a payment was taken in state ${was.state}`);
    must(
      !OVER.includes(was.state) || is.delivered === was.delivered,
      `a chunk was sold in state ${was.state}`,
    );
    const isMoved = was.funding && is.funding?.outpoint.txid !== was.funding.outpoint.txid;
    must(!isMoved, 'the outpoint of a channel never changes');
    if (is.state !== was.state && FINAL.includes(is.state)) checkEnd(channel, is, was);
  }

  function checkEnd(channel: ModelChannel, is: Channel, was: Channel): void {
    const { stored: chain } = ground().ledger;
    const tip = chain.ledger.chain.active.length - 1;
    const spend = spendOf(chain.ledger, channel.outpoint);
    const depth = spend?.block ? tip - spend.block.height + 1 : 0;
    if (is.state === 'SETTLED') {
      must(
        spend !== undefined && isSettlement(spend.transaction),
        'SETTLED is said of what the seller spent',
      );
      must(depth >= SETTLED_DEPTH, `SETTLED is said at depth ${depth}`);
    } else if (is.state === 'EXPIRED' && was.state === 'CLOSING' && tip < is.terms.refundHeight + KEPT) {
      must(
        spend !== undefined && !isSettlement(spend.transaction),
        'EXPIRED is said of what the buyer spent',
      );
      must(depth >= SETTLED_DEPTH, `EXPIRED is said at depth ${depth}`);
    } else if (is.state === 'CANCELLED') {
      must(
        is.paid === 0 && (links.get(channel.id)?.size ?? 0) === 0,
        'a channel that sold something is CANCELLED',
      );
    }
  }

  /** Whoever has chunk n unpaid has paid for all before it, in this channel and in those that it continues. */
  function checkUnpaid(channel: ModelChannel, { paid, terms }: Channel): void {
    const unpaid = [...(links.get(channel.id) ?? [])].filter((chunk) => chunk >= paid);
    must(unpaid.length <= terms.credit, `${unpaid.length} chunks are delivered and not paid`);
    for (const chunk of unpaid) {
      must(chunk === paid, `chunk ${chunk} is delivered, ${paid} are paid`);
      must(
        reachesBack(channel, terms.first),
        `credit for chunk ${terms.first + chunk} without what comes before it`,
      );
    }
  }

  function reachesBack({ earlier }: ModelChannel, first: number): boolean {
    if (first === 0) return true;
    if (!earlier) return false;
    const { terms, paid } = stored(earlier);
    return terms.first + paid >= first && reachesBack(earlier, terms.first);
  }

  return {
    add(channel) {
      channels.set(channel.id, channel);
    },
    linked(channel, chunk) {
      const { state, paid, delivered } = stored(channel);
      const given = links.get(channel.id) ?? new Set();
      links.set(channel.id, given.add(chunk));
      must(chunk < delivered || chunk < paid, `a link to chunk ${chunk} is out and not written down`);
      must(state !== 'CANCELLED', 'a link is given out of a CANCELLED channel');
    },
    accepted(channel, k, paid) {
      must(paid >= k, `commitment ${k} is accepted, and ${paid} are said to be paid`);
      must(stored(channel).paid >= paid, `${paid} are said to be paid and not written down`);
    },
    cancelled(channel) {
      must(stored(channel).state === 'CANCELLED', 'a cancel is out before the channel is CANCELLED');
      must((links.get(channel.id)?.size ?? 0) === 0, 'a cancel is out of a channel that sold something');
    },
    continued({ terms, earlier }, earlierPaid) {
      const end = (earlier?.terms.first ?? 0) + earlierPaid;
      must(terms.first >= end, `chunk ${terms.first} is asked for twice: up to ${end} are paid`);
    },
    signing(digest) {
      for (const channel of channels.values()) {
        if (channel.cancelDigest !== digest) continue;
        must(stored(channel).state === 'CANCELLED', 'a cancel is signed before the channel is CANCELLED');
      }
    },
    sending(transaction) {
      if (!isSettlement(transaction)) return;
      const txid = transaction.getId();
      const members = ground().store.peekSettlement(txid)?.members;
      must(members !== undefined, 'a settlement is sent before it is stored');
      for (const id of members ?? []) {
        const member = ground().store.peek(id);
        must(
          member?.settlements.some((one) => one.txid === txid) === true,
          'a settlement is sent, not noted',
        );
      }
    },
    check() {
      for (const channel of channels.values()) {
        const is = ground().store.peek(channel.id);
        if (!is) continue;
        const was = before.get(channel.id);
        if (was) checkStep(channel, is, was);
        checkUnpaid(channel, is);
        before.set(channel.id, is);
      }
    },
  };
}
