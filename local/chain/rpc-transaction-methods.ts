import { script as scripts } from 'bitcoinjs-lib';
import { tipOf } from './chain-state.ts';
import { mempoolCoin } from './mempool.ts';
import { judgeTransaction } from './mempool-policy.ts';
import { type Rejection, rejectionText } from './rejection.ts';
import { checkedHash, type RpcArguments } from './rpc-arguments.ts';
import { RpcError, rpcCodes } from './rpc-error.ts';
import type { RpcMethods } from './rpc-method.ts';
import { confirmationsOf, scriptView, toCoins, transactionView } from './rpc-views.ts';
import type { StoredLedger } from './stored-ledger.ts';
import { outpointKey, parseTransaction, type TransactionRecord } from './transaction-record.ts';

/** Core's default for -maxfeerate: a tenth of a coin per 1,000 vB is a mistake, not a fee. */
const MAX_FEE_RATE_COINS = 0.1;
const FULL_CHECK = { checkScripts: true, fromBlock: false };
const NOT_FOUND = 'No such mempool or blockchain transaction. Use gettransaction for wallet transactions.';

/** Reading, testing and sending transactions. */
export function transactionMethods(stored: StoredLedger): RpcMethods {
  return {
    getrawtransaction: {
      names: ['txid', 'verbosity', 'blockhash'],
      run: (call) => readTransaction(stored, call),
    },
    gettxout: { names: ['txid', 'n', 'include_mempool'], run: (call) => readOutput(stored, call) },
    testmempoolaccept: {
      names: ['rawtxs', 'maxfeerate'],
      run: (call) => [testTransaction(stored, call)],
    },
    sendrawtransaction: {
      names: ['hexstring', 'maxfeerate'],
      run: (call) => sendTransaction(stored, call),
    },
  };
}

function readTransaction({ ledger: { chain, mempool } }: StoredLedger, call: RpcArguments): unknown {
  const txid = checkedHash(call.text(0, 'txid'), 'parameter 1');
  const block = chain.confirmed.get(txid);
  const found = mempool.entries.get(txid) ?? block?.transactions.find((item) => item.txid === txid);
  if (!found) throw new RpcError(rpcCodes.invalidAddressOrKey, NOT_FOUND);
  if (!call.flag(1, 'verbosity', false)) return found.raw;
  return {
    ...transactionView(found),
    hex: found.raw,
    ...(block && {
      blockhash: block.hash,
      confirmations: confirmationsOf(chain, block),
      time: block.time,
      blocktime: block.time,
    }),
  };
}

function readOutput({ ledger: { chain, mempool } }: StoredLedger, call: RpcArguments): unknown {
  const key = outpointKey(call.hash(0, 'txid'), call.integer(1, 'n'));
  const includeMempool = call.flag(2, 'include_mempool', true);
  if (includeMempool && mempool.spenders.has(key)) return null;
  const tip = tipOf(chain);
  const coin =
    chain.coins.get(key) ?? (includeMempool ? mempoolCoin(mempool, key, tip.height + 1) : undefined);
  if (!coin) return null;
  return {
    bestblock: tip.hash,
    confirmations: tip.height - coin.height + 1,
    value: toCoins(coin.value),
    scriptPubKey: scriptView(coin.script),
    coinbase: coin.coinbase,
  };
}

function testTransaction({ ledger }: StoredLedger, call: RpcArguments): Record<string, unknown> {
  const [raw, ...others] = call.list(0, 'rawtxs');
  if (others.length > 0 || typeof raw !== 'string') {
    throw new RpcError(rpcCodes.invalidParameter, 'The embedded ledger tests one transaction at a time');
  }
  const transaction = parseTransaction(raw);
  if (!transaction) {
    const hint = `TX decode failed: ${raw} Make sure the tx has at least one input.`;
    throw new RpcError(rpcCodes.deserialization, hint);
  }
  const { txid, wtxid, vsize } = transaction;
  const judgement = judgeTransaction(ledger, transaction, FULL_CHECK);
  if (judgement.rejection) return { txid, wtxid, allowed: false, ...refusalView(judgement.rejection) };
  if (paysTooMuch(transaction, judgement.fee, call)) {
    return { txid, wtxid, allowed: false, 'reject-reason': 'max-fee-exceeded' };
  }
  const rate = toCoins((judgement.fee * 1000n) / BigInt(vsize));
  const fees = { base: toCoins(judgement.fee), 'effective-feerate': rate, 'effective-includes': [wtxid] };
  return { txid, wtxid, allowed: true, vsize, fees };
}

const refusalView = (rejection: Rejection): Record<string, string> => ({
  'reject-reason': rejection.missingInputs ? 'missing-inputs' : rejection.reason,
  'reject-details': rejectionText(rejection),
});

function sendTransaction(stored: StoredLedger, call: RpcArguments): string {
  const transaction = parseTransaction(call.text(0, 'hexstring'));
  if (!transaction) {
    const hint = 'TX decode failed. Make sure the tx has at least one input.';
    throw new RpcError(rpcCodes.deserialization, hint);
  }
  const { chain, mempool } = stored.ledger;
  const { txid, tx } = transaction;
  if (tx.outs.some(burnsMoney)) {
    const message = 'Unspendable output exceeds maximum configured by user (maxburnamount)';
    throw new RpcError(rpcCodes.verify, message);
  }
  if (tx.outs.some((_, vout) => chain.coins.has(outpointKey(txid, vout)))) {
    throw new RpcError(rpcCodes.alreadyInUtxoSet, 'Transaction outputs already in utxo set');
  }
  // A transaction that waits already, also with another witness, is announced again and counts as sent.
  if (mempool.entries.has(txid)) return txid;
  const judgement = judgeTransaction(stored.ledger, transaction, FULL_CHECK);
  if (judgement.rejection) throw sendError(judgement.rejection);
  if (paysTooMuch(transaction, judgement.fee, call)) {
    const message = 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)';
    throw new RpcError(rpcCodes.verify, message);
  }
  stored.admit(transaction, judgement);
  return txid;
}

/** Money in an output that provably nobody can spend; Core's default for -maxburnamount is nothing. */
const burnsMoney = ({ script, value }: { script: Uint8Array; value: bigint }): boolean =>
  value > 0n && (script[0] === OP_RETURN || scripts.decompile(script) === null);

const OP_RETURN = 0x6a;

function sendError(rejection: Rejection): RpcError {
  const code = rejection.missingInputs ? rpcCodes.verify : rpcCodes.rejected;
  return new RpcError(code, rejectionText(rejection));
}

function paysTooMuch({ vsize }: TransactionRecord, fee: bigint, call: RpcArguments): boolean {
  const coins = call.decimal(1, 'maxfeerate', MAX_FEE_RATE_COINS);
  const limit = BigInt(Math.round(coins * 100_000_000));
  return limit > 0n && fee * 1000n > limit * BigInt(vsize);
}
