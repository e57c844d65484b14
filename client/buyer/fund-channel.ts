import { type Purchase, sleep } from './buyer-context.ts';
import { type ChannelSecrets, channelSecrets } from './channel-secrets.ts';
import {
  checkLifeLeft,
  checkRefundHeight,
  checkRefundSignature,
  checkTermsReturned,
  isFundingConfirmed,
} from './checks.ts';
import { FUNDING_TARGET_BLOCKS } from './deposit.ts';
import { BuyerError, isProblem } from './errors.ts';
import { draftFunding, giveUpUnfunded, signedElsewhere } from './external-funding.ts';
import { chooseCoins, signFunding } from './funding.ts';
import {
  type ChannelRecordState,
  channelIn,
  type FundingState,
  isUnsigned,
  sameOutpoint,
  sentFundings,
} from './purchase-state.ts';

/** Fundings built for one channel: the first, and others where it cannot be sent. Shops co-sign 16. */
const MAX_FUNDINGS = 5;

/** Builds the funding, has its refund signed, and only then sends it. Goes on wherever an earlier run stopped. */
export async function sendFunding(purchase: Purchase, channelId: string): Promise<void> {
  await giveUpUnfunded(
    purchase,
    channelId,
    channelSecrets(channelOf(purchase, channelId), purchase.wallet.keys).script,
  );
  while (sentFundings(channelOf(purchase, channelId)).length === 0) {
    const funding = await signedRefund(purchase, channelId);
    await announce(purchase, channelId, funding);
  }
  const channel = channelOf(purchase, channelId);
  if (!channel.confirmed) await broadcastFunding(purchase, channelId);
}

/** Waits until the shop has the channel open on a funding that the buyer's own source has in a block. */
export async function awaitOpen(purchase: Purchase, channelId: string): Promise<void> {
  const { buyer, journal, shop, report, wallet } = purchase;
  const secrets = channelSecrets(channelOf(purchase, channelId), wallet.keys);
  let told = '';
  const tell = (have: number, need: number | undefined) => {
    if (told !== `${have}/${need}`) report({ kind: 'confirmations', have, need });
    told = `${have}/${need}`;
  };
  for (;;) {
    const channel = channelOf(purchase, channelId);
    const seen = await confirmedFunding(purchase, channel, secrets);
    if (seen && !channel.confirmed) {
      await journal.append({ v: 1, record: 'funding-confirmed', channel: channelId, ...seen });
    }
    const outpoint = seen?.outpoint;
    if (outpoint) {
      const answer = await shop.confirmFunding(secrets, outpoint).catch((error: unknown) => {
        if (isProblem(error, 'funding-not-found')) return undefined;
        throw error;
      });
      if (answer) {
        checkTermsReturned(channelId, channel.termsText, answer);
        if (answer.state !== 'PROPOSED') return;
        tell(answer.confirmations, answer.confirmationsRequired);
      }
    } else {
      tell(0, undefined);
      const { height } = await buyer.chain.tip();
      checkLifeLeft(channel.terms.refundHeight, height, 1);
      await broadcastFunding(purchase, channelId);
    }
    await sleep(buyer);
  }
}

async function confirmedFunding({ buyer }: Purchase, channel: ChannelRecordState, secrets: ChannelSecrets) {
  for (const { outpoint } of sentFundings(channel)) {
    const output = await buyer.chain.unspentOutput(outpoint);
    if (isFundingConfirmed(secrets, output)) return { outpoint, height: output?.confirmation?.height ?? 0 };
  }
  return undefined;
}

/** The last funding built, with the seller's refund signature for it checked and on the disk. */
async function signedRefund(purchase: Purchase, channelId: string): Promise<FundingState> {
  const { shop, journal, wallet } = purchase;
  const secrets = channelSecrets(channelOf(purchase, channelId), wallet.keys);
  const funding = lastFunding(purchase, channelId) ?? (await buildFunding(purchase, channelId));
  if (funding.refundSignature) return funding;
  const answer = await shop.cosignRefund(secrets, funding.outpoint);
  checkRefundSignature(secrets, funding.outpoint, answer);
  const { outpoint } = funding;
  await journal.append({
    v: 1,
    record: 'refund-cosigned',
    channel: channelId,
    outpoint,
    signature: answer.signature,
  });
  return funding;
}

/** @param replaces an earlier funding that cannot be sent: what is left of its inputs is used, so that never both confirm */
async function buildFunding(
  purchase: Purchase,
  channelId: string,
  replaces?: FundingState,
): Promise<FundingState> {
  const { buyer, journal, wallet } = purchase;
  const channel = channelOf(purchase, channelId);
  if (channel.fundings.length === MAX_FUNDINGS) {
    throw new BuyerError('funding-failed', `No node took any of ${MAX_FUNDINGS} funding transactions.`);
  }
  const { script, terms } = channelSecrets(channel, wallet.keys);
  if (purchase.externalWallet) {
    await draftFunding(purchase, channel, { script, value: terms.capacity });
    return builtFunding(purchase, channelId);
  }
  const feeRate = await buyer.chain.feeRate(FUNDING_TARGET_BLOCKS);
  const choice = await wallet.takeCoins(buyer.chain, journal.id, (coins) => {
    const isUsed = (coin: (typeof coins)[number]) =>
      replaces?.inputs.some((input) => sameOutpoint(input, coin.outpoint)) === true;
    const required = coins.filter(isUsed);
    return chooseCoins(
      coins.filter((coin) => !isUsed(coin)),
      terms.capacity,
      feeRate,
      required,
    );
  });
  const changeScript = wallet.keys.internal(await wallet.nextInternalIndex()).script;
  const { raw, txid, vout } = signFunding(choice, script, terms.capacity, changeScript);
  await journal.append({
    v: 1,
    record: 'funding-built',
    channel: channelId,
    raw,
    outpoint: { txid, vout },
    fee: choice.fee.toString(),
    inputs: choice.inputs.map(({ outpoint }) => outpoint),
  });
  return builtFunding(purchase, channelId);
}

function builtFunding(purchase: Purchase, channelId: string): FundingState {
  const built = lastFunding(purchase, channelId);
  if (!built) throw new Error('the funding that was just built is not in the journal');
  return built;
}

/** The last look before the money is bound: from this record on it may be. */
async function announce(
  { buyer, journal, report, beforeFunding }: Purchase,
  channelId: string,
  funding: FundingState,
): Promise<void> {
  const channel = journal.state().channels.find((one) => one.channelId === channelId);
  if (!channel) throw new Error('unknown channel');
  await beforeFunding();
  const { height } = await buyer.chain.tip();
  checkRefundHeight(channel.terms.refundHeight, height);
  checkLifeLeft(channel.terms.refundHeight, height, channel.minimumLifeAtFunding + 1);
  const { outpoint, fee } = funding;
  await journal.append({ v: 1, record: 'funding-sent', channel: channelId, outpoint, height });
  if (!isUnsigned(funding)) report({ kind: 'funding-sent', txid: outpoint.txid, fee });
}

/** Sends the last funding; a node that has it already says so. */
async function broadcastFunding(purchase: Purchase, channelId: string): Promise<void> {
  for (;;) {
    const funding = lastFunding(purchase, channelId);
    if (!funding) throw new Error('there is no funding to send');
    const raw = funding.raw ?? (await signedElsewhere(purchase, channelId, funding));
    if (raw === undefined) return;
    const outcome = await purchase.buyer.chain.broadcast(raw);
    switch (outcome.kind) {
      case 'accepted':
      case 'already-known':
        return;
      case 'missing-inputs':
        // Confirmed and spent since, or its coins went elsewhere; only the second wants another funding.
        if (await isOnChain(purchase, channelId, funding)) return;
        break;
      case 'fee-too-low':
      case 'mempool-full':
        break;
      default:
        throw new BuyerError('funding-failed', `The node refuses the funding: ${outcome.detail}.`, {
          next: 'Run the command again later. Nothing was bound by this transaction.',
          evidence: { txid: funding.outpoint.txid },
        });
    }
    await buildFunding(purchase, channelId, funding);
    await announce(purchase, channelId, await signedRefund(purchase, channelId));
  }
}

async function isOnChain({ buyer, wallet, journal }: Purchase, channelId: string, funding: FundingState) {
  if (await buyer.chain.unspentOutput(funding.outpoint)) return true;
  const channel = journal.state().channels.find((one) => one.channelId === channelId);
  if (!channel) return false;
  const { script } = channelSecrets(channel, wallet.keys);
  return (await buyer.chain.spend(funding.outpoint, script, funding.sentAt ?? 0)) !== undefined;
}

function lastFunding(purchase: Purchase, channelId: string): FundingState | undefined {
  return channelOf(purchase, channelId).fundings.at(-1);
}

export function channelOf({ journal }: Pick<Purchase, 'journal'>, channelId: string): ChannelRecordState {
  return channelIn(journal.state(), channelId);
}
