import { acceptTransaction } from '../../local/chain/ledger.ts';
import { parseTransaction } from '../../local/chain/transaction-record.ts';
import { closeChannel } from '../../shared/channel/close-channel.ts';
import { confirmFunding } from '../../shared/channel/confirm-funding.ts';
import { cosignRefund } from '../../shared/channel/cosign-refund.ts';
import { issueChunk } from '../../shared/channel/issue-chunk.ts';
import { openChannel } from '../../shared/channel/open-channel.ts';
import { sweep } from '../../shared/channel/sweep.ts';
import { takePayment } from '../../shared/channel/take-payment.ts';
import { Problem } from '../../shared/errors.ts';
import { price } from '../../shared/protocol/price.ts';
import type { Channel } from '../../shared/store/channel-record.ts';
import type { Death } from '../crash/mortal.ts';
import { type Bounds, Broken, modelBounds } from './bounds.ts';
import { blockOf, spendOf } from './chain-view.ts';
import { continuationOf, type ModelChannel, pay, planChannel, takeBack } from './model-buyer.ts';
import {
  CHUNKS,
  DATASET,
  isSettlement,
  type ModelGround,
  modelGround,
  PAYOUT_SCRIPT,
  POLICY,
  PRICE_PER_CHUNK,
  type ShopProcess,
  startProcess,
} from './model-shop.ts';

/** What somebody asks of the shop. Numbers are taken modulo what there is. */
export type Request =
  | {
      readonly kind: 'open';
      readonly how: 'first' | 'without-credit' | 'continue' | 'overlap' | 'gap';
      readonly channel: number;
      readonly count: number;
      readonly life: number;
    }
  | { readonly kind: 'reopen' | 'confirm' | 'close'; readonly channel: number }
  | { readonly kind: 'pay'; readonly channel: number; readonly ahead: number; readonly forged: boolean }
  | { readonly kind: 'ask'; readonly channel: number; readonly ahead: number }
  | { readonly kind: 'sweep' };

/** One history: buyers, a shop of two processes, a chain, a clock. */
export interface World {
  readonly bounds: Bounds;
  /** Answers of one process, or the process's death. */
  ask(request: Request, process: number): Promise<void>;
  /** The process is killed and another one started; that one dies too, where it is said. */
  restart(process: number, death?: Death): void;
  /** Sends a channel's funding. */
  fund(channel: number): void;
  /** Tries to take a funding back, by the refund or by a cancel that B has signed. */
  takeBack(channel: number, kind: 'refund' | 'cancel'): void;
  /** @param schedule whether the schedule runs with each block where no money is at stake; where it is, it always does */
  mine(blocks: number, schedule: boolean): Promise<void>;
  /** Takes so many blocks away and puts one more in their place; what they held waits, or is in the last of the new ones. */
  reorganise(depth: number, empty: boolean): Promise<void>;
  advance(milliseconds: number): void;
  /** Everybody takes what is his; then the money is counted. */
  finish(): Promise<void>;
}

const FEES_TO = Uint8Array.of(0, 20, ...new Uint8Array(20));
const BLOCK_MS = 600_000;
/** The schedule is never absent from here on: T_close and what follows it. */
const CARE = POLICY.close + 2;
/** Reorganisations that never end would last until L: from here on there are none, so that a settlement gets six blocks deep. */
const CALM = 14;

/** How often what happened, so that it is seen whether histories are worth anything. */
export type Tally = Map<string, number>;

export function modelWorld(random: () => number, tally: Tally): World {
  const channels: ModelChannel[] = [];
  const bounds = modelBounds(() => ground);
  const ground: ModelGround = modelGround(bounds);
  const { stored } = ground.ledger;
  const processes: ShopProcess[] = [0, 1].map(() => startProcess(ground, random));
  const tip = () => stored.ledger.chain.active.length - 1;
  const at = (list: readonly ShopProcess[], index: number) => list[index % list.length] as ShopProcess;
  const one = (index: number) => channels[index % Math.max(1, channels.length)];
  const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);
  stored.mine(1, FEES_TO, true);

  const send = (raw: string): string | undefined => {
    const transaction = parseTransaction(raw);
    if (!transaction) throw new Error('the model makes transactions that can be read');
    return acceptTransaction(stored.ledger, transaction, Math.floor(ground.clock.now() / 1000)).rejection
      ?.reason;
  };
  const peek = (channel: ModelChannel): Channel | undefined => ground.store.peek(channel.id);
  const isFunded = (channel: ModelChannel) => blockOf(stored.ledger, channel.outpoint.txid) !== undefined;

  /** Money that a missing run of the schedule, or a reorganisation, could now decide about. */
  const isNear = (blocks: number, beyond: number) =>
    channels.some((channel) => {
      const state = peek(channel)?.state ?? '';
      const left = channel.terms.refundHeight - tip();
      return ['OPEN', 'SUSPENDED', 'CLOSING'].includes(state) && left <= blocks && left > -beyond;
    });

  function planned(request: Extract<Request, { kind: 'open' }>): ModelChannel {
    const { how } = request;
    const continues = how === 'continue' || how === 'overlap' || how === 'gap';
    const earlier = continues ? one(request.channel) : undefined;
    const end = earlier ? earlier.terms.first + (peek(earlier)?.paid ?? 0) : 0;
    const shift =
      how === 'overlap' ? -1 : how === 'gap' || (how === 'without-credit' && request.count % 2) ? 1 : 0;
    const first = Math.min(CHUNKS - 1, Math.max(0, end + shift));
    const count = Math.min(1 + request.count, CHUNKS - first);
    const terms = {
      first,
      count,
      credit: how === 'without-credit' ? (0 as const) : (1 as const),
      capacity:
        price({ first, count, pricePerChunk: PRICE_PER_CHUNK }, DATASET, count) +
        (request.life % 2 ? 10_000n : 0n),
      refundHeight: tip() + POLICY.minimumLifetime + request.life,
    };
    return planChannel(ground, channels.length, terms, earlier);
  }

  async function answer(request: Request, { shop, recent }: ShopProcess): Promise<() => void> {
    if (request.kind === 'sweep') {
      const { failed } = await sweep(shop);
      return () => {
        if (failed > 0) throw new Broken('a run of the schedule failed');
      };
    }
    if (request.kind === 'open') {
      const channel = planned(request);
      const earlierPaid = channel.earlier ? (peek(channel.earlier)?.paid ?? 0) : 0;
      channels.push(channel);
      const opened = await openChannel(shop, channel.terms, continuationOf(channel));
      bounds.add(channel);
      count('opened');
      if (channel.earlier) count('continued');
      if (channel.earlier) bounds.continued(channel, earlierPaid);
      channel.refundSignature = await cosignRefund(shop, opened, channel.outpoint);
      return () => undefined;
    }
    const channel = one(request.channel);
    const record = channel && peek(channel);
    if (!channel || !record) return () => undefined;
    switch (request.kind) {
      case 'reopen':
        await openChannel(shop, channel.terms);
        return () => undefined;
      case 'confirm':
        await confirmFunding(shop, record, channel.outpoint);
        return () => undefined;
      case 'close': {
        const { cancels } = await closeChannel(shop, record);
        return () => {
          const [cancel] = cancels;
          if (!cancel) return;
          bounds.cancelled(channel);
          count('cancel signed');
          channel.cancelSignature = cancel.signature;
        };
      }
      case 'ask': {
        const { chunk } = await issueChunk(shop, record, Math.max(0, record.paid + request.ahead));
        return () => {
          count('chunk given out');
          bounds.linked(channel, chunk);
        };
      }
      case 'pay': {
        const k = Math.max(1, Math.min(record.paid + request.ahead, channel.terms.count));
        const payment = pay(channel, k);
        if (request.forged) payment.signature[40] = (payment.signature[40] ?? 0) ^ 1;
        const find = async () => {
          const found = await shop.channels.get(channel.id);
          if (!found) throw new Error('channels are kept');
          return found;
        };
        const accepted = await takePayment(shop, recent, { id: channel.id, find }, payment);
        return () => {
          // The first signature of a commitment stays; a forged one is never worth anything.
          if (request.forged) throw new Broken('a forged commitment is accepted');
          count('payment');
          bounds.accepted(channel, k, accepted.channel.paid);
          if (accepted.next) bounds.linked(channel, accepted.next.chunk);
        };
      }
    }
  }

  async function ask(request: Request, index: number): Promise<void> {
    const process = at(processes, index);
    const answered = answer(request, process).catch((error: unknown) => {
      if (error instanceof Problem) return () => count(`refused: ${error.problem}`);
      throw error;
    });
    const released = await Promise.race([answered, process.mortal.died]);
    if (released) return released();
    count('death at work');
    if (at(processes, index) === process) restart(index);
  }

  function restart(index: number, death?: Death): void {
    processes[index % processes.length] = startProcess(ground, random, death);
  }

  async function mine(blocks: number, schedule: boolean): Promise<void> {
    for (let block = 0; block < blocks; block++) {
      stored.mine(1, FEES_TO, true);
      ground.clock.advance(BLOCK_MS);
      if (schedule || isNear(CARE, 10)) await carefully();
      bounds.check();
    }
  }

  /** A run that dies is followed by another one: the schedule comes each minute, blocks each ten. */
  async function carefully(): Promise<void> {
    for (const index of [0, 1]) await ask({ kind: 'sweep' }, index);
  }

  function tryTakeBack(channel: ModelChannel, kind: 'refund' | 'cancel'): void {
    const raw = takeBack(channel, kind);
    if (!raw) return;
    const refused = send(raw);
    if (kind === 'refund' && tip() + 1 <= channel.terms.refundHeight && refused === undefined) {
      throw new Broken('a refund is taken before its height');
    }
  }

  async function finish(): Promise<void> {
    const last = Math.max(tip(), ...channels.map(({ terms }) => terms.refundHeight)) + 12;
    while (tip() < last) {
      for (const channel of channels.filter(isFunded)) {
        if (tip() >= channel.terms.refundHeight && !spendOf(stored.ledger, channel.outpoint))
          tryTakeBack(channel, 'refund');
      }
      await mine(1, true);
    }
    for (const channel of channels.filter(isFunded)) {
      checkMoney(channel);
      count(`ended ${peek(channel)?.state}`);
    }
    checkPayouts();
  }

  function checkMoney(channel: ModelChannel): void {
    const { terms } = channel;
    const { paid = 0, state } = peek(channel) ?? {};
    const spend = spendOf(stored.ledger, channel.outpoint);
    if (!spend?.block) {
      if (!channel.refundSignature) return;
      throw new Broken(`the money of a channel that is ${state} lies there`);
    }
    const back = spend.transaction.outs
      .filter(({ script }) => Buffer.from(script).equals(terms.changeScript))
      .reduce((sum, { value }) => sum + value, 0n);
    const owed = price(terms, DATASET, paid);
    if (isSettlement(spend.transaction)) {
      if (back !== terms.capacity - owed)
        throw new Broken(`${back} come back of ${terms.capacity}, ${owed} were paid`);
      if (state !== 'SETTLED') throw new Broken(`a settled channel is ${state}`);
    } else {
      if (paid > 0) throw new Broken(`the seller lost ${owed} to a refund or a cancel, in state ${state}`);
      if (back !== terms.capacity - 500n) throw new Broken(`${back} come back of ${terms.capacity}`);
    }
  }

  /** B gets what was paid, less the fees that it chose itself. */
  function checkPayouts(): void {
    for (const { transactions } of stored.ledger.chain.active) {
      for (const { tx } of transactions.slice(1)) {
        if (!isSettlement(tx)) continue;
        const members = channels.filter(
          ({ outpoint }) => spendOf(stored.ledger, outpoint)?.transaction.getId() === tx.getId(),
        );
        const owed = members.reduce(
          (sum, { terms, ...rest }) => sum + price(terms, DATASET, ground.store.peek(rest.id)?.paid ?? 0),
          0n,
        );
        const payout = tx.outs
          .filter(({ script }) => Buffer.from(script).equals(PAYOUT_SCRIPT))
          .reduce((sum, { value }) => sum + value, 0n);
        if (members.length !== tx.ins.length) throw new Broken('a settlement spends what is no channel');
        if (payout > owed || payout <= 0n) throw new Broken(`B takes ${payout} of ${owed}`);
      }
    }
  }

  return {
    bounds,
    ask,
    restart,
    fund(index) {
      const channel = one(index);
      if (channel?.refundSignature) send(channel.raw);
    },
    takeBack(index, kind) {
      const channel = one(index);
      if (channel) tryTakeBack(channel, kind);
    },
    mine,
    async reorganise(depth, empty) {
      if (isNear(CALM + depth, 10) || tip() <= depth + 1) return;
      const block = stored.ledger.chain.active[tip() - depth + 1];
      if (!block) return;
      count('reorganisation');
      stored.setInvalidated(block, true);
      for (let made = 0; made <= depth; made++) stored.mine(1, FEES_TO, !empty && made === depth);
      ground.clock.advance(BLOCK_MS);
      if (isNear(CARE, 10)) await carefully();
    },
    advance: (milliseconds) => ground.clock.advance(milliseconds),
    finish,
  };
}
