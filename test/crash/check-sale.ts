import { bytesToHex } from '@noble/hashes/utils.js';
import { channelSecrets } from '../../client/buyer/channel-secrets.ts';
import { nodeHome } from '../../client/buyer/node/node-home.ts';
import { type ChannelRecordState, sentFundings } from '../../client/buyer/purchase-state.ts';
import { openWallet } from '../../client/buyer/wallet.ts';
import type { WalletKeys } from '../../client/buyer/wallet-keys.ts';
import {
  type ChainTransaction,
  type Ledger,
  readLedger,
  spenderOf,
  totalIn,
  totalOut,
} from '../../local/demo/ledger.ts';
import { change } from '../../shared/protocol/price.ts';
import { dynamoChannels } from '../../shared/store/dynamo-channels.ts';
import { CHUNKS, type CrashStage, PRICE } from './crash-stage.ts';
import { boughtFile, type CrashedPurchase, journalLines } from './crashed-purchase.ts';

/** Keys of a wallet that a purchase may have used, and far more. */
const KEYS = 100;

/** Where a sale can be looked at. */
export interface SaleStage extends Pick<CrashStage, 'chainUrl' | 'data'> {
  readonly tables: Pick<CrashStage['tables'], 'client'>;
}

/**
 * That a purchase is what it would have been had nothing died: all of the data, every channel funded once and settled at its
 * price, and nobody's money anywhere else. Everything from the disk and the blocks.
 * @param channels how many it takes
 * @throws Error with all that is wrong
 */
export async function checkSale(stage: SaleStage, sale: CrashedPurchase, channels: number): Promise<void> {
  const wrong: string[] = [];
  const same = (what: string, is: unknown, should: unknown) => {
    if (is !== should) wrong.push(`${what}: ${is} and not ${should}`);
  };
  const [purchase, ...others] = sale.purchases;
  if (!purchase?.manifest) throw new Error('there is no purchase');
  const { state, manifest } = purchase;
  same('purchases', 1 + others.length, 1);
  same('complete', state.complete, true);
  same('chunks here', state.verified.size, CHUNKS);
  same('the file is the data', Buffer.from(await boughtFile(sale)).equals(stage.data), true);

  const { keys } = await openWallet(nodeHome(sale.home), 'regtest');
  const ledger = await readLedger(stage.chainUrl, sale.fromHeight);
  const table = dynamoChannels(stage.tables.client, sale.environment.SPILLWAY_TABLE ?? '');
  const payout = bytesToHex(sale.payoutScript);
  let fees = 0n;
  /** By txid: channels that wait for the same run of the schedule share one. */
  const settlements = new Map<string, ChainTransaction>();
  let paidChunks = 0;
  let funded = 0;
  for (const channel of state.channels) {
    const { channelId, terms } = channel;
    const script = bytesToHex(channelSecrets(channel, keys).script);
    const fundings = ledger.transactions.filter(({ outputs }) =>
      outputs.some((one) => one.script === script),
    );
    if (fundings.length === 0) {
      same(`fundings of ${channelId} that may be on their way`, isLeft(channel), true);
      continue;
    }
    funded += 1;
    const [funding] = fundings;
    same(`fundings of ${channelId}`, fundings.length, 1);
    if (!funding) continue;
    fees += totalIn(ledger, funding) - totalOut(funding);
    const vout = funding.outputs.findIndex((one) => one.script === script);
    const settlement = spenderOf(ledger, funding.txid, vout);
    const rest = change(terms, manifest, terms.count);
    same(`change of ${channelId}`, paidTo(settlement, bytesToHex(terms.changeScript)), rest);
    settlements.set(settlement.txid, settlement);
    paidChunks += channel.paid;
    const stored = await table.get(channelId);
    same(`state of ${channelId}`, `${stored?.state} ${stored?.paid}`, `SETTLED ${terms.count}`);
  }
  const toSeller = [...settlements.values()].reduce(
    (sum, one) => sum + paidTo(one, payout) + totalIn(ledger, one) - totalOut(one),
    0n,
  );
  same('funded channels', funded, channels);
  same('chunks paid', paidChunks, CHUNKS);
  same('paid to the seller, fees of settlement included', toSeller, PRICE);
  same('left in the wallet', inWallet(ledger, keys), sale.deposited - PRICE - fees);
  for (const repeated of repeatedPayments(await journalLines(sale))) wrong.push(`signed twice: ${repeated}`);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}

/** Given up before its funding was sent: nothing of it can come. */
function isLeft(channel: ChannelRecordState): boolean {
  return sentFundings(channel).length === 0;
}

function paidTo({ outputs }: ChainTransaction, script: string): bigint {
  return outputs.reduce((sum, output) => (output.script === script ? sum + output.value : sum), 0n);
}

function inWallet({ transactions }: Ledger, keys: WalletKeys): bigint {
  const indices = Array.from({ length: KEYS }, (_, index) => index);
  const own = new Set(
    indices.flatMap((index) =>
      [keys.external(index), keys.internal(index)].map(({ script }) => bytesToHex(script)),
    ),
  );
  const spent = new Set(
    transactions.flatMap(({ inputs }) => inputs.map(({ txid, vout }) => `${txid}:${vout}`)),
  );
  return transactions
    .flatMap(({ txid, outputs }) =>
      outputs.filter((one, vout) => own.has(one.script) && !spent.has(`${txid}:${vout}`)),
    )
    .reduce((sum, { value }) => sum + value, 0n);
}

function repeatedPayments(lines: readonly Record<string, unknown>[]): string[] {
  const signed = lines
    .filter(({ record }) => record === 'commitment-signed')
    .map(({ channel, k }) => `commitment ${k} of ${channel}`);
  return signed.filter((one, index) => signed.indexOf(one) !== index);
}
