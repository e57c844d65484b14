import { type Ledger, spenderOf, totalIn, totalOut, transactionOf } from './ledger.ts';
import type { Bought } from './sale.ts';

/** The sale's money as the chain has it, satoshis. */
export interface Accounts {
  readonly fundingTxid: string;
  readonly settlementTxid: string;
  readonly sellerReceived: bigint;
  /** Change of the funding and of the settlement. */
  readonly buyerChange: bigint;
  /** Of the funding and of the settlement. */
  readonly fees: bigint;
}

/**
 * Adds up the sale from the chain alone.
 * @param payoutScript the seller's, hex
 * @param deposits payments that the buyer's wallet received
 * @throws Error where a satoshi is missing, or there is more than one funding and one settlement
 */
export function accountsOf(
  ledger: Ledger,
  { fundingTxid, changeScript, paid }: Bought,
  payoutScript: string,
  deposits: number,
): Accounts {
  const funding = transactionOf(ledger, fundingTxid);
  const channelOutput = funding.outputs.findIndex(({ script }) => script.startsWith('0020'));
  const settlement = spenderOf(ledger, fundingTxid, channelOutput);
  const sum = (outputs: typeof funding.outputs) => outputs.reduce((total, { value }) => total + value, 0n);

  const payout = settlement.outputs.filter(({ script }) => script === payoutScript);
  const change = settlement.outputs.filter(({ script }) => script === changeScript);
  const fundingChange = funding.outputs.filter((_, index) => index !== channelOutput);
  const sellerReceived = sum(payout);
  const buyerChange = sum(change) + sum(fundingChange);
  const settlementFee = totalIn(ledger, settlement) - totalOut(settlement);
  const fees = settlementFee + totalIn(ledger, funding) - totalOut(funding);

  require(payout.length + change.length ===
    settlement.outputs.length, 'the settlement pays seller and buyer alone');
  require(sellerReceived + settlementFee === paid, 'the seller got the price, less the fee that it chose');
  require(sellerReceived + buyerChange + fees ===
    totalIn(ledger, funding), 'deposit = payout + change + fees');
  // On a chain of its own the demo's blocks hold the deposits, and then nothing but the sale.
  require(ledger.transactions.length === deposits + 2, 'one funding and one settlement');
  return { fundingTxid, settlementTxid: settlement.txid, sellerReceived, buyerChange, fees };
}

function require(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`the chain does not bear out: ${claim}`);
}
