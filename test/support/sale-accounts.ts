import {
  type ChainTransaction,
  readLedger,
  spenderOf,
  totalIn,
  totalOut,
  transactionOf,
} from '../../local/demo/ledger.ts';

/** One channel's money as the blocks have it, nothing taken from shop or buyer. Satoshis. */
export interface ChannelAccount {
  readonly funding: ChainTransaction;
  readonly settlement: ChainTransaction;
  readonly capacity: bigint;
  readonly fundingFee: bigint;
  readonly fundingChange: bigint;
  readonly settlementFee: bigint;
  readonly toSeller: bigint;
  readonly toBuyer: bigint;
}

/** @param payoutScript the seller's, hex @param changeScript the buyer's, hex */
export async function channelAccount(
  chainUrl: string,
  fundingTxid: string,
  payoutScript: string,
  changeScript: string,
): Promise<ChannelAccount> {
  const ledger = await readLedger(chainUrl);
  const funding = transactionOf(ledger, fundingTxid);
  const vout = funding.outputs.findIndex(({ script }) => script.startsWith('0020'));
  const settlement = spenderOf(ledger, fundingTxid, vout);
  const paidTo = (script: string) =>
    settlement.outputs.reduce((sum, output) => (output.script === script ? sum + output.value : sum), 0n);
  const capacity = funding.outputs[vout]?.value ?? 0n;
  return {
    funding,
    settlement,
    capacity,
    fundingFee: totalIn(ledger, funding) - totalOut(funding),
    fundingChange: totalOut(funding) - capacity,
    settlementFee: totalIn(ledger, settlement) - totalOut(settlement),
    toSeller: paidTo(payoutScript),
    toBuyer: paidTo(changeScript),
  };
}
