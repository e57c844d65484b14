import { type BuyerChain, type Purchase, sleep } from './buyer-context.ts';
import { BuyerError } from './errors.ts';
import { chooseCoins } from './funding.ts';

/** Blocks within which a funding should confirm. */
export const FUNDING_TARGET_BLOCKS = 6;

/**
 * Waits until the wallet can fund a channel of a capacity.
 * @returns true where it had to wait
 * @throws BuyerError funds-needed where waiting is not wanted
 */
export async function awaitDeposit(purchase: Purchase, capacity: bigint): Promise<boolean> {
  const { buyer, wallet, journal, report, wait } = purchase;
  let told: string | undefined;
  for (;;) {
    const coins = await wallet.coins(buyer.chain, journal.id);
    const feeRate = await buyer.chain.feeRate(FUNDING_TARGET_BLOCKS);
    const missing = missingSatoshis(() => chooseCoins(coins, capacity, feeRate));
    if (missing === 0n) return told !== undefined;
    // At twice the rate, so that a rise while the deposit is on its way does not ask for a second one.
    const satoshis = missingSatoshis(() => chooseCoins(coins, capacity, 2n * feeRate));
    const address = await wallet.depositAddress();
    const uri = depositUri(address, satoshis);
    if (!wait.deposit) {
      throw new BuyerError('funds-needed', `The wallet lacks ${satoshis} sat.`, {
        next: `Pay ${satoshis} sat to ${address}, then run the command again.`,
        evidence: { address, missingSatoshis: satoshis.toString(), uri },
      });
    }
    if (told !== uri) report({ kind: 'deposit-needed', address, satoshis, uri });
    told = uri;
    await sleep(buyer);
  }
}

/** What wallets read from a QR code or a link (BIP21). */
export function depositUri(address: string, satoshis: bigint): string {
  return `bitcoin:${address}?amount=${bitcoins(satoshis)}`;
}

/** Satoshis as bitcoin in decimals. */
export function bitcoins(satoshis: bigint): string {
  const fraction = (satoshis % 100_000_000n).toString().padStart(8, '0').replace(/0+$/, '');
  return `${satoshis / 100_000_000n}${fraction && `.${fraction}`}`;
}

/** What the wallet holds, satoshis. */
export async function balance(wallet: Purchase['wallet'], chain: BuyerChain): Promise<bigint> {
  return (await wallet.coins(chain)).reduce((sum, { value }) => sum + value, 0n);
}

function missingSatoshis(choose: () => unknown): bigint {
  try {
    choose();
    return 0n;
  } catch (error) {
    if (!(error instanceof BuyerError) || error.code !== 'funds-needed') throw error;
    return BigInt(error.evidence.missingSatoshis ?? 0);
  }
}
