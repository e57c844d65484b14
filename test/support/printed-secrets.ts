import { inspect } from 'node:util';
import { wordlist } from '@scure/bip39/wordlists/english.js';

/** Looks at everything that tests and what they start print: CONTRIBUTING.md, the last of the walls. */

/** What gives something away whoever's it is. */
const FORMS: readonly (readonly [string, RegExp])[] = [
  ['a presigned link', /X-Amz-Signature(=|%3D)[0-9a-f]{8}/i],
  ['a session token', /X-Amz-Security-Token(=|%3D)\S/i],
  ['a signed request to AWS', /AWS4-HMAC-SHA256 Credential=/],
  ['64 bytes in hex, as signatures are', /(?<![0-9a-f])[0-9a-f]{128}(?![0-9a-f])/i],
  // But for the help's own example.
  ['the password in an address', /[a-z]:\/\/(?!user:password@host)[^\s/:@"']+:[^\s/@"']+@/i],
  ['an extended secret key', /\b[xyztuv]prv[1-9A-HJ-NP-Za-km-z]{100}/],
];

const MNEMONIC_WORDS = 12;
const words = new Set(wordlist);

// Suites that load their modules afresh must find what was learned before.
const shared = globalThis as { learnedSecrets?: Map<string, string>; printedSecrets?: string[] };
shared.learnedSecrets ??= new Map();
shared.printedSecrets ??= [];
const { learnedSecrets, printedSecrets } = shared;

/** From here on the text is a secret of this test file, in hex where it is bytes. */
export function learnSecret(name: string, secret: string | Uint8Array): void {
  learnedSecrets.set(typeof secret === 'string' ? secret : Buffer.from(secret).toString('hex'), name);
}

/** Which secret a text has in it; undefined for none. */
export function secretIn(text: string): string | undefined {
  const form = FORMS.find(([, pattern]) => pattern.test(text));
  if (form) return form[0];
  for (const [secret, name] of learnedSecrets) if (text.includes(secret)) return name;
  for (const name of ['SPILLWAY_SELLER_SECRET', 'AWS_SECRET_ACCESS_KEY']) {
    const value = process.env[name];
    if (value && text.includes(value)) return name;
  }
  return hasMnemonic(text) ? "a wallet's words" : undefined;
}

function hasMnemonic(text: string): boolean {
  let run = 0;
  for (const word of text.split(/[^a-z]+/)) {
    run = words.has(word) ? run + 1 : 0;
    if (run === MNEMONIC_WORDS) return true;
  }
  return false;
}

/** Notes what is printed or logged, for `takePrintedSecrets` to tell. */
export function checkPrinted(...parts: readonly unknown[]): void {
  const text = parts.map((part) => textOf(part)).join(' ');
  const found = secretIn(text);
  if (found !== undefined) printedSecrets.push(`${found} in: ${text.slice(0, 400)}`);
}

function textOf(part: unknown): string {
  if (typeof part === 'string') return part;
  return part instanceof Uint8Array ? Buffer.from(part).toString() : inspect(part, { depth: 12 });
}

/** What was found since the last call. */
export function takePrintedSecrets(): readonly string[] {
  return printedSecrets.splice(0);
}
