import { addressOfScript, scriptOfAddress } from '../../shared/protocol/network.ts';
import { DUST_LIMIT, outputKind } from '../../shared/protocol/script.ts';
import type { Buyer } from './buyer-context.ts';
import { FUNDING_TARGET_BLOCKS } from './deposit.ts';
import { BuyerError } from './errors.ts';
import {
  type Coin,
  type CoinChoice,
  chooseCoins,
  fundingFee,
  largestFirst,
  MAX_INPUTS,
  signFunding,
} from './funding.ts';
import type { Wallet } from './wallet.ts';

/** A payment out of the wallet. Money is satoshis. */
export interface Payment {
  readonly address: string;
  readonly satoshis: bigint;
  readonly fee: bigint;
  readonly txid: string;
}

export interface PaymentRequest {
  readonly address: string;
  /** What is paid, or everything that no purchase has taken: then the fee comes out of it. */
  readonly satoshis: bigint | 'all';
  readonly confirm: (payment: Payment) => Promise<boolean>;
}

/**
 * Whose coins they are while a payment is under way. One name for all payments: what one that died had taken is free for the
 * next, and coins that were sent are spent.
 */
const OWNER = 'payment';

/** The largest of the old forms (P2PKH), at 3 sat/vB (Bitcoin Core, policy.cpp). */
const OLD_FORMS_DUST = 546n;

/**
 * Pays an address from the wallet.
 * @throws BuyerError usage, funds-needed, funding-failed
 */
export async function sendCoins(
  { chain }: Pick<Buyer, 'chain'>,
  wallet: Wallet,
  { address, satoshis, confirm }: PaymentRequest,
): Promise<Payment> {
  const script = paymentScript(address, wallet);
  const kind = outputKind(script);
  const dust = kind ? DUST_LIMIT[kind] : OLD_FORMS_DUST;
  if (satoshis !== 'all' && satoshis < dust) {
    throw new BuyerError('usage', `No node relays an output of ${satoshis} sat; ${dust} is the least.`);
  }
  const feeRate = await chain.feeRate(FUNDING_TARGET_BLOCKS);
  const choice = await wallet.takeCoins(chain, OWNER, (coins) =>
    satoshis === 'all'
      ? chooseAll(coins, feeRate, dust)
      : { ...chooseCoins(coins, satoshis, feeRate), satoshis },
  );
  try {
    const changeScript = wallet.keys.internal(await wallet.nextInternalIndex()).script;
    const { raw, txid } = signFunding(choice, script, choice.satoshis, changeScript);
    const payment = { address, satoshis: choice.satoshis, fee: choice.fee, txid };
    if (!(await confirm(payment))) {
      throw new BuyerError('usage', 'Not sent.', { next: 'Nothing was paid.' });
    }
    const outcome = await chain.broadcast(raw).catch((error: unknown) => {
      throw unanswered(txid, error);
    });
    if (outcome.kind === 'accepted' || outcome.kind === 'already-known') return payment;
    throw new BuyerError(
      'funding-failed',
      `The node does not take the payment: ${outcome.kind}, ${outcome.detail}.`,
      {
        money: 'Nothing was paid.',
        next: 'Run the command again later.',
        evidence: { txid },
      },
    );
  } catch (error) {
    // A broadcast that nobody answered may have been heard: a coin that is spent is no coin any more, whoever has taken it.
    await wallet.releaseCoins(OWNER, []);
    throw error;
  }
}

/** Sent again from other coins it would be paid twice. */
function unanswered(txid: string, cause: unknown): BuyerError {
  return new BuyerError('chain-unavailable', `The node did not say whether it took the payment ${txid}.`, {
    money: 'It may be paid.',
    next: 'Look for that transaction before you send again: `spillway wallet balance` shows whether its coins are gone.',
    evidence: { txid },
    cause,
  });
}

function paymentScript(address: string, { network }: Wallet): Uint8Array {
  try {
    const script = scriptOfAddress(address, network);
    // What comes back from it is what was meant: another case or form of the same script passes, a typing mistake does not.
    addressOfScript(script, network);
    return script;
  } catch {
    throw new BuyerError('usage', `${address} is not an address of ${network}.`, {
      next: 'Nothing was paid. Check it.',
    });
  }
}

/** The largest coins, as many as one transaction holds; no change. */
function chooseAll(
  coins: readonly Coin[],
  feeRate: bigint,
  dust: bigint,
): CoinChoice & { readonly satoshis: bigint } {
  const inputs = largestFirst(coins).slice(0, MAX_INPUTS);
  const fee = fundingFee(inputs.length, false, feeRate);
  const satoshis = inputs.reduce((sum, { value }) => sum + value, 0n) - fee;
  if (inputs.length === 0 || satoshis < dust) {
    const missing = dust - satoshis;
    throw new BuyerError('funds-needed', `The wallet lacks ${missing} sat to pay anything after its fee.`, {
      money: 'Nothing was paid.',
      evidence: { missingSatoshis: missing.toString() },
    });
  }
  return { inputs, fee, change: 0n, satoshis };
}
