import { judgeTransaction } from './mempool-policy.ts';
import { rejectionText } from './rejection.ts';
import { RpcError, rpcCodes } from './rpc-error.ts';
import type { RpcMethods } from './rpc-method.ts';
import type { StoredLedger } from './stored-ledger.ts';
import { parseTransaction, type TransactionRecord } from './transaction-record.ts';

const MAX_PACKAGE = 25;
const FULL_CHECK = { checkScripts: true, fromBlock: false };

/**
 * Core's submitpackage, each transaction for itself: the ledger has no package relay, so a parent below the fee floor
 * is refused here even where its child would pay for it.
 */
export const packageMethods = (stored: StoredLedger): RpcMethods => ({
  submitpackage: {
    names: ['package', 'maxfeerate', 'maxburnamount'],
    run(call) {
      const members = call.list(0, 'package').map(parsed);
      if (members.length < 1 || members.length > MAX_PACKAGE) {
        const message = `Array must contain between 1 and ${MAX_PACKAGE} transactions.`;
        throw new RpcError(rpcCodes.invalidParameter, message);
      }
      const replaced: string[] = [];
      const results: [wtxid: string, result: Record<string, unknown>][] = [];
      let failed = false;
      for (const member of members) {
        const error = submit(stored, member, replaced);
        failed ||= error !== undefined;
        const { txid, wtxid, vsize } = member;
        results.push([wtxid, error === undefined ? { txid, vsize } : { txid, error }]);
      }
      return {
        package_msg: failed ? 'transaction failed' : 'success',
        'tx-results': Object.fromEntries(results),
        'replaced-transactions': replaced,
      };
    },
  },
});

function parsed(raw: unknown): TransactionRecord {
  const transaction = typeof raw === 'string' ? parseTransaction(raw) : undefined;
  if (transaction) return transaction;
  const hint = `TX decode failed: ${String(raw)} Make sure the tx has at least one input.`;
  throw new RpcError(rpcCodes.deserialization, hint);
}

/** @returns why it was refused, if it was */
function submit(
  stored: StoredLedger,
  transaction: TransactionRecord,
  replaced: string[],
): string | undefined {
  if (stored.ledger.mempool.entries.has(transaction.txid)) return undefined;
  const judgement = judgeTransaction(stored.ledger, transaction, FULL_CHECK);
  if (judgement.rejection) return rejectionText(judgement.rejection);
  stored.admit(transaction, judgement);
  replaced.push(...judgement.evicted.map(({ txid }) => txid));
  return undefined;
}
