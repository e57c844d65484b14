import canonicalize from 'canonicalize';
import type { JsonValue } from '../errors.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A value's RFC 8785 (JCS) bytes. */
export function canonicalBytes(value: JsonValue): Uint8Array {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not representable as canonical JSON');
  return encoder.encode(text);
}

/**
 * Parses JSON whose bytes must be its RFC 8785 form. Comparing the bytes refuses at once duplicate keys, `1.0`, `-0`,
 * exponents, white space, other key orders, needless escapes, byte order marks and what is not UTF-8.
 * @returns the value, or undefined where the bytes are anything else
 */
export function parseCanonical(bytes: Uint8Array): unknown {
  try {
    const value: JsonValue = JSON.parse(decoder.decode(bytes), refuseLoneSurrogates);
    const canonical = canonicalBytes(value);
    const same = canonical.length === bytes.length && canonical.every((byte, index) => byte === bytes[index]);
    return same ? value : undefined;
  } catch {
    return undefined;
  }
}

/** JSON can escape what no UTF-8 holds, and JSON.stringify would write the same escape back; RFC 8785 section 3.2.2.2 forbids it. */
function refuseLoneSurrogates(key: string, value: JsonValue): JsonValue {
  if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) {
    throw new TypeError('lone surrogate');
  }
  return value;
}
