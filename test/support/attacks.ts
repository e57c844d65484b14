import { bytesToHex } from '@noble/hashes/utils.js';
import { ShopProblem } from '../../client/buyer/errors.ts';
import { type ChainTransaction, readLedger } from '../../local/demo/ledger.ts';
import { paying } from '../../local/drill/buyer-money.ts';
import type { Outpoint } from '../../shared/chain/chain.ts';
import type { ChunkLink } from '../../shared/http/api.ts';
import type { Terms } from '../../shared/protocol/terms.ts';
import type { AttackedShop } from './attacked-shop.ts';
import type { HandChannel } from './hand-buyer.ts';

/** What a request is refused with, e.g. `422 terms-refused: credit: must be 0 for …`. */
export async function refusedWith(request: Promise<unknown>): Promise<string> {
  const refusal = await request.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(refusal instanceof ShopProblem)) throw refusal ?? new Error('the shop took it');
  return `${refusal.status} ${refusal.problem}: ${refusal.members.detail}`;
}

/** Every one of the requests is refused as it says, and when all are the shop keeps what it kept before. */
export async function allRefused(
  shop: AttackedShop,
  attempts: Readonly<Record<string, readonly [request: () => Promise<unknown>, refusal: string]>>,
): Promise<void> {
  const before = await shop.everything();
  const answers: Record<string, string> = {};
  for (const [name, [request]] of Object.entries(attempts)) {
    answers[name] = await refusedWith(request()).catch((error) => String(error));
  }
  expect(answers).toEqual(
    Object.fromEntries(Object.entries(attempts).map(([name, [, refusal]]) => [name, refusal])),
  );
  expect(await shop.everything()).toEqual(before);
}

/** Does the work for all items, so many at a time; results in the items' order. */
export async function inParallel<Item, Result>(
  width: number,
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await work(items[index] as Item, index);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}

export interface OpenChannel extends HandChannel {
  readonly outpoint: Outpoint;
}

/** So many at a time: more only wait for one another. */
const WIDTH = 16;

/** Opens many channels and funds all of them in one transaction, one block deep. */
export async function openMany(
  shop: AttackedShop,
  count: number,
  overrides?: (index: number) => Partial<Terms>,
): Promise<readonly OpenChannel[]> {
  const planned = await shop.buyer.plans(count, overrides);
  await inParallel(WIDTH, planned, (channel) => shop.buyer.shop.open(channel, channel.termsBytes));
  const channels = await fundAll(shop, planned);
  await shop.faucet.mine(1);
  await inParallel(WIDTH, channels, (channel) => shop.buyer.shop.confirmFunding(channel, channel.outpoint));
  return channels;
}

/** One transaction that funds all of them, waiting in the mempool. */
export async function fundAll(
  shop: Pick<AttackedShop, 'faucet' | 'rpc'>,
  channels: readonly HandChannel[],
): Promise<readonly OpenChannel[]> {
  const outputs = channels.map(({ script, terms }) => ({ script, value: terms.capacity }));
  const transaction = await paying(shop, outputs);
  const txid = String(await shop.rpc('sendrawtransaction', transaction.toHex()));
  return channels.map((channel, vout) => ({ ...channel, outpoint: { txid, vout } }));
}

/** A's payment for the first k chunks, as it is sent. */
export function pay(shop: AttackedShop, channel: OpenChannel, k: number) {
  return shop.buyer.shop.commit(channel, k, bytesToHex(channel.commitment(channel.outpoint, k)));
}

export interface Money {
  readonly toSeller: bigint;
  readonly toBuyer: bigint;
  readonly fee: bigint;
  /** What nothing has spent. */
  readonly bound: bigint;
}

/**
 * Where a channel's capacity is, from the blocks alone: nothing is taken from shop or buyer. Satoshis.
 * @param from height of the first block that is read
 */
export async function moneyOf(
  shop: Pick<AttackedShop, 'chainUrl' | 'payoutScript'>,
  channel: Pick<OpenChannel, 'outpoint' | 'terms'>,
  from?: number,
): Promise<Money> {
  const [money] = await moneyOfAll(shop, [channel], from);
  if (!money) throw new Error('one for each');
  return money;
}

export async function moneyOfAll(
  shop: Pick<AttackedShop, 'chainUrl' | 'payoutScript'>,
  channels: readonly Pick<OpenChannel, 'outpoint' | 'terms'>[],
  from?: number,
): Promise<readonly Money[]> {
  const { transactions } = await readLedger(shop.chainUrl, from);
  return channels.map(({ outpoint, terms: { capacity, changeScript } }) => {
    const [spend, second] = transactions.filter(({ inputs }) =>
      inputs.some(({ txid, vout }) => txid === outpoint.txid && vout === outpoint.vout),
    );
    if (!spend) return { toSeller: 0n, toBuyer: 0n, fee: 0n, bound: capacity };
    if (second || spend.inputs.length > 1) throw new Error('the channel is settled alone, and once');
    const toSeller = paidTo(spend, bytesToHex(shop.payoutScript));
    const toBuyer = paidTo(spend, bytesToHex(changeScript));
    return { toSeller, toBuyer, fee: capacity - toSeller - toBuyer, bound: 0n };
  });
}

/** Satoshis that the seller was ever paid, from the blocks. */
export async function sellerReceived(
  shop: Pick<AttackedShop, 'chainUrl' | 'payoutScript'>,
  from?: number,
): Promise<bigint> {
  const { transactions } = await readLedger(shop.chainUrl, from);
  const script = bytesToHex(shop.payoutScript);
  return transactions.reduce((sum, transaction) => sum + paidTo(transaction, script), 0n);
}

function paidTo({ outputs }: ChainTransaction, script: string): bigint {
  return outputs.reduce((sum, output) => (output.script === script ? sum + output.value : sum), 0n);
}

/** The object that a link leads to: key and version, without the signature. */
export function objectOf({ url }: ChunkLink): string {
  const { pathname, searchParams } = new URL(url);
  return `${pathname}?versionId=${searchParams.get('versionId')}`;
}
