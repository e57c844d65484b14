import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as secp from '@noble/secp256k1';
import { crypto as hashes, script as scripts, type Transaction } from 'bitcoinjs-lib';
import * as bip66 from 'bitcoinjs-lib/src/bip66';
import { bytesToHex } from './hex.ts';
import { scriptKind } from './standardness.ts';

secp.hashes.sha256 = sha256;
secp.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

const HALF_ORDER = secp.Point.CURVE().n / 2n;

/** The words of Core's script error table, for the checks that our templates can fail. */
const EVAL_FALSE = 'Script evaluated without error but finished with a false/empty top stack element';
const HASH_MISMATCH = 'Witness program hash mismatch';
const EMPTY_WITNESS = 'Witness program was passed an empty witness';
const SCRIPT_SIG = 'Witness requires empty scriptSig';
const NOT_MINIMAL = 'Data push larger than necessary';
const BAD_DER = 'Non-canonical DER signature';
const HIGH_S = 'Non-canonical signature: S value is unnecessarily high';
const HASH_TYPE = 'Signature hash type missing or not understood';
const KEY_TYPE = 'Using non-compressed keys in segwit';
const NULL_FAIL = 'Signature must be zero for failed CHECK(MULTI)SIG operation';
const NULL_DUMMY = 'Dummy CHECKMULTISIG argument must be zero';
const EQUAL_VERIFY = 'Script failed an OP_EQUALVERIFY operation';
const STACK_SIZE = 'Stack size must be exactly one after execution';
const STACK_OPERATION = 'Operation not valid with the current stack size';

/** What this ledger says instead of guessing about a script it does not know. */
const UNKNOWN_SCRIPT = 'Not a script that the embedded ledger knows (P2WPKH, P2WSH 2-of-2)';

type ScriptError = string | undefined;

/** Runs one input's script. @returns Core's words for what is wrong, undefined if it is satisfied */
export function checkInputScript(
  tx: Transaction,
  index: number,
  coin: { readonly script: Uint8Array; readonly value: bigint },
): ScriptError {
  const input = tx.ins[index];
  if (!input) throw new Error(`the transaction has no input ${index}`);
  const kind = scriptKind(coin.script);
  if (kind !== 'witness_v0_keyhash' && kind !== 'witness_v0_scripthash') return UNKNOWN_SCRIPT;
  // The scriptSig is run before the witness is looked at, so its pushes are judged first.
  if (input.script.length > 0) return isMinimal(input.script) ? SCRIPT_SIG : NOT_MINIMAL;
  const program = coin.script.subarray(2);
  const check: SignatureCheck = (signature, key, scriptCode) =>
    checkSignature(tx, index, coin.value, signature, key, scriptCode);
  return kind === 'witness_v0_keyhash'
    ? checkKeyHash(program, input.witness, check)
    : checkScriptHash(program, input.witness, check);
}

/** Written again, do the pushes come out the same? */
function isMinimal(script: Uint8Array): boolean {
  const parts = scripts.decompile(script);
  return parts !== null && equal(scripts.compile(parts), script);
}

type SignatureCheck = (signature: Uint8Array, key: Uint8Array, scriptCode: Uint8Array) => boolean | string;

function checkKeyHash(program: Uint8Array, witness: Uint8Array[], check: SignatureCheck): ScriptError {
  const [signature, key] = witness;
  if (witness.length !== 2 || !signature || !key) return HASH_MISMATCH;
  if (!equal(hashes.hash160(key), program)) return EQUAL_VERIFY;
  const scriptCode = Uint8Array.from([0x76, 0xa9, 20, ...program, 0x88, 0xac]);
  const result = check(signature, key, scriptCode);
  if (typeof result === 'string') return result;
  if (result) return undefined;
  return signature.length > 0 ? NULL_FAIL : EVAL_FALSE;
}

function checkScriptHash(program: Uint8Array, witness: Uint8Array[], check: SignatureCheck): ScriptError {
  const script = witness.at(-1);
  if (!script) return EMPTY_WITNESS;
  if (!equal(sha256(script), program)) return HASH_MISMATCH;
  const keys = multisigKeys(script);
  if (!keys) return UNKNOWN_SCRIPT;
  const stack = witness.slice(0, -1);
  const [secondSignature, firstSignature, dummy] = stack.reverse();
  if (!secondSignature || !firstSignature || !dummy) return STACK_OPERATION;

  // CHECKMULTISIG goes from the last signature and key to the first and stops at the first that fails.
  let valid = true;
  for (const [signature, key] of [
    [secondSignature, keys[1]],
    [firstSignature, keys[0]],
  ] as const) {
    const result = check(signature, key, script);
    if (typeof result === 'string') return result;
    valid = result;
    if (!valid) break;
  }
  if (!valid && (firstSignature.length > 0 || secondSignature.length > 0)) return NULL_FAIL;
  if (dummy.length > 0) return NULL_DUMMY;
  if (stack.length > 3) return STACK_SIZE;
  return valid ? undefined : EVAL_FALSE;
}

/** The keys of `2 <A> <B> 2 CHECKMULTISIG`. */
function multisigKeys(script: Uint8Array): readonly [Uint8Array, Uint8Array] | undefined {
  const first = script.subarray(2, 35);
  const second = script.subarray(36, 69);
  const template = Uint8Array.from([0x52, 33, ...first, 33, ...second, 0x52, 0xae]);
  return equal(template, script) ? [first, second] : undefined;
}

/** @returns whether it verifies, or Core's words if its encoding alone is against the rules */
function checkSignature(
  tx: Transaction,
  index: number,
  value: bigint,
  signature: Uint8Array,
  key: Uint8Array,
  scriptCode: Uint8Array,
): boolean | string {
  const encoded = signature.subarray(0, -1);
  const hashType = signature.at(-1) ?? 0;
  if (signature.length > 0) {
    if (!bip66.check(encoded)) return BAD_DER;
    if (toNumber(bip66.decode(encoded).s) > HALF_ORDER) return HIGH_S;
    if ((hashType & 0x7f) < 1 || (hashType & 0x7f) > 3) return HASH_TYPE;
  }
  if (key.length !== 33 || (key[0] !== 2 && key[0] !== 3)) return KEY_TYPE;
  if (signature.length === 0) return false;
  const { r, s } = bip66.decode(encoded);
  if (toNumber(r) >= 1n << 256n) return false;
  const compact = Uint8Array.from([...to32(r), ...to32(s)]);
  return verify(compact, tx.hashForWitnessV0(index, scriptCode, value, hashType), key);
}

/** Signatures found good: a transaction is tested, then sent, and its signatures are the same both times. */
const verified = new Set<string>();
const MAX_VERIFIED = 20_000;

function verify(compact: Uint8Array, digest: Uint8Array, key: Uint8Array): boolean {
  const name = bytesToHex(Uint8Array.from([...compact, ...digest, ...key]));
  if (verified.has(name)) return true;
  try {
    if (!secp.verify(compact, digest, key, { prehash: false })) return false;
  } catch {
    // Numbers out of range and keys off the curve simply do not verify.
    return false;
  }
  if (verified.size >= MAX_VERIFIED) verified.clear();
  verified.add(name);
  return true;
}

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(bytes)}`);
const to32 = (bytes: Uint8Array): Uint8Array => {
  const padded = new Uint8Array(32);
  const digits = bytes.length > 32 ? bytes.subarray(bytes.length - 32) : bytes;
  padded.set(digits, 32 - digits.length);
  return padded;
};
const equal = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, index) => byte === right[index]);
