import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { manifestBytes } from '../../shared/dataset/manifest.ts';
import type { JsonValue } from '../../shared/errors.ts';
import { parseCanonical } from '../../shared/protocol/canonical-json.ts';
import { signMessage } from '../../shared/protocol/signature.ts';
import type { Buyer } from './buyer-context.ts';
import { channelSecrets } from './channel-secrets.ts';
import { spendOfFunding } from './end-channel.ts';
import { BuyerError } from './errors.ts';
import { listPurchases, type StoredPurchase } from './purchase-journal.ts';
import { type ChannelRecordState, sameOutpoint, sentFundings } from './purchase-state.ts';
import { RECEIPT_FORMAT, type Receipt, type ReceiptChannel, statementMessage } from './receipt.ts';
import { openWallet } from './wallet.ts';
import type { WalletKeys } from './wallet-keys.ts';

export interface MadeReceipt {
  readonly purchase: string;
  readonly name: string;
  readonly receipt: Receipt;
}

/**
 * The receipts of the purchases through which something was paid.
 * @param wanted a purchase's id or the beginning of it, or its dataset's name; all of them without it
 * @throws BuyerError usage where nothing was paid, or more than one purchase fits
 */
export async function makeReceipts(buyer: Buyer, wanted?: string): Promise<readonly MadeReceipt[]> {
  const all = (await listPurchases(buyer.home)).filter(isNamed(wanted));
  const paid = all.filter(({ state }) => state.channels.some(({ signed }) => signed));
  if (paid.length === 0) {
    const message =
      wanted === undefined ? 'Nothing was paid yet.' : `Nothing was paid in a purchase ${wanted}.`;
    throw new BuyerError('usage', message, { next: 'See `spillway status` for what there is.' });
  }
  if (wanted !== undefined && paid.length > 1) {
    throw new BuyerError('usage', `More than one purchase is named ${wanted}.`, {
      next: `Name it by its id: ${paid.map(({ id }) => id).join(', ')}.`,
    });
  }
  return Promise.all(paid.map((purchase) => makeReceipt(buyer, purchase)));
}

function isNamed(wanted: string | undefined): (purchase: StoredPurchase) => boolean {
  return ({ id, state }) =>
    wanted === undefined || state.plan?.name === wanted || (wanted.length >= 4 && id.startsWith(wanted));
}

async function makeReceipt(buyer: Buyer, { id, state, manifest }: StoredPurchase): Promise<MadeReceipt> {
  const { plan } = state;
  if (!plan || !manifest) throw new Error('something was paid, and what it was for is not in the journal');
  const { keys } = await openWallet(buyer.home, plan.network);
  const paid = state.channels.filter(({ signed }) => signed);
  const unsigned = {
    format: RECEIPT_FORMAT,
    shop: plan.shop,
    manifest: parseCanonical(manifestBytes(manifest)) as { readonly [key: string]: JsonValue },
    manifestSignature: plan.manifestSignature,
    channels: await Promise.all(paid.map((channel) => channelEvidence(buyer, keys, channel))),
  } as const;
  const channels = paid.map((channel, index) => {
    const { channelId, secret } = channelSecrets(channel, keys);
    const statement = bytesToHex(signMessage(secret, statementMessage(unsigned, hexToBytes(channelId))));
    return { ...at(unsigned.channels, index), statement };
  });
  return { purchase: id, name: plan.name, receipt: { ...unsigned, channels } };
}

async function channelEvidence(
  { chain }: Buyer,
  keys: WalletKeys,
  channel: ChannelRecordState,
): Promise<Omit<ReceiptChannel, 'statement'>> {
  const { confirmed, signed, termsText } = channel;
  const funding = sentFundings(channel).find(
    ({ outpoint }) => confirmed && sameOutpoint(outpoint, confirmed.outpoint),
  );
  const refundSignature = funding?.refundSignature;
  if (!funding || !signed || refundSignature === undefined) {
    throw new Error('something was paid through a channel without a confirmed funding');
  }
  const spend = await spendOfFunding(chain, keys, channel, funding);
  return {
    terms: parseCanonical(utf8ToBytes(termsText)) as { readonly [key: string]: JsonValue },
    outpoint: funding.outpoint,
    ...(funding.raw !== undefined && { funding: funding.raw }),
    refundSignature,
    payment: { k: signed.k, signature: signed.signature },
    ...(spend?.confirmation && { end: { transaction: spend.raw, height: spend.confirmation.height } }),
  };
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`there is no item ${index}`);
  return item;
}
