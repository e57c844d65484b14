import { broadcastOutcome } from '../../../shared/chain/broadcast-outcome.ts';
import type { BroadcastOutcome } from '../../../shared/chain/chain.ts';

const table: readonly (readonly [
  code: number,
  message: string,
  kind: BroadcastOutcome['kind'] | undefined,
])[] = [
  [-27, 'Transaction outputs already in utxo set', 'already-known'],
  [-27, 'Transaction already in block chain', 'already-known'],
  [-26, 'txn-already-in-mempool', 'already-known'],
  [-26, 'txn-already-known', 'already-known'],
  [-26, 'txn-same-nonwitness-data-in-mempool', 'already-known'],
  [-25, 'bad-txns-inputs-missingorspent', 'missing-inputs'],
  [-25, 'Missing inputs', 'missing-inputs'],
  [-26, 'missing-inputs', 'missing-inputs'],
  [-26, 'non-final', 'non-final'],
  [-26, 'non-BIP68-final', 'non-final'],
  [-26, 'min relay fee not met, 109 < 110', 'fee-too-low'],
  [-26, 'mempool min fee not met, 141 < 502', 'fee-too-low'],
  [-26, 'mempool full', 'mempool-full'],
  [
    -26,
    'insufficient fee, rejecting replacement aa; new feerate 0.1 <= old feerate 0.1',
    'replacement-too-low',
  ],
  [-26, 'insufficient fee (including sibling eviction), rejecting replacement aa', 'replacement-too-low'],
  [-26, 'txn-mempool-conflict', 'replacement-too-low'],
  [-26, 'truc-vsize-toobig, version=3 tx aa is too big: 10001 > 10000 virtual bytes', 'truc-violation'],
  [-26, 'truc-spends-nontruc, version=3 tx aa cannot spend from non-version=3 tx bb', 'truc-violation'],
  [-26, 'TRUC-violation, version=3 tx aa is too big', 'truc-violation'],
  [-26, 'v3-rule-violation, v3 tx aa is too big', 'truc-violation'],
  [-26, 'dust', 'rejected'],
  [-26, 'dust-nonanchor', 'rejected'],
  [-26, 'scriptpubkey', 'rejected'],
  [-26, 'too many potential replacements, rejecting replacement aa', 'rejected'],
  [-26, 'bad-txns-in-belowout, value in (0.1) < value out (0.2)', 'rejected'],
  [-26, 'mempool-script-verify-flag-failed (Non-canonical DER signature)', 'rejected'],
  [-26, 'bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99', 'rejected'],
  [-26, 'some rule of a version to come', 'rejected'],
  [-25, 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)', 'rejected'],
  [-22, 'TX decode failed. Make sure the tx has at least one input.', 'rejected'],
  // Not about the transaction: nothing is known.
  [-28, 'Loading block index…', undefined],
  [-1, 'non-final', undefined],
  [-32601, 'Method not found', undefined],
  [-9, 'Peer-to-peer functionality missing or disabled', undefined],
];

test.each(table)('%i %s', (code, message, kind) => {
  const silent = kind === 'already-known' || kind === 'accepted';
  const expected = kind === undefined ? undefined : silent ? { kind } : { kind, detail: message };
  expect(broadcastOutcome(code, message)).toEqual(expected);
});
