import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

export { sha256 };

const prefixes = new Map<string, Uint8Array>();

/**
 * The bytes whose single SHA-256 is BIP340's tagged hash of `parts`. Signatures are made over `sha256(message)`,
 * and verifiers that hash for themselves (node:crypto) want the message, so both are at hand.
 */
export function taggedMessage(tag: string, ...parts: Uint8Array[]): Uint8Array {
  let prefix = prefixes.get(tag);
  if (!prefix) {
    const tagHash = sha256(utf8ToBytes(tag));
    prefix = concatBytes(tagHash, tagHash);
    prefixes.set(tag, prefix);
  }
  return concatBytes(prefix, ...parts);
}

/** BIP340's tagged hash: SHA256(SHA256(tag) ‖ SHA256(tag) ‖ parts). 32 bytes. */
export function taggedHash(tag: string, ...parts: Uint8Array[]): Uint8Array {
  return sha256(taggedMessage(tag, ...parts));
}
