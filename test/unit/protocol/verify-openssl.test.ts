import { utf8ToBytes } from '@noble/hashes/utils.js';
import type * as Signature from '../../../shared/protocol/signature.ts';
import type * as Openssl from '../../../shared/protocol/verify-openssl.ts';
import { BUYER_KEY, BUYER_SECRET } from './support.ts';

type Loaded = typeof Signature & { openssl: (typeof Openssl)['verifyWithOpenssl'] };

/** signature.ts as it loads where `process` is another one. */
function loadedWith(process: unknown): Loaded {
  let loaded: Loaded | undefined;
  const original = Object.getOwnPropertyDescriptor(globalThis, 'process');
  Object.defineProperty(globalThis, 'process', { value: process, configurable: true, writable: true });
  try {
    jest.isolateModules(() => {
      const signature: typeof Signature = require('../../../shared/protocol/signature.ts');
      const { verifyWithOpenssl } = require('../../../shared/protocol/verify-openssl.ts');
      loaded = { ...signature, openssl: verifyWithOpenssl };
    });
  } finally {
    if (original) Object.defineProperty(globalThis, 'process', original);
  }
  if (!loaded) throw new Error('signature.ts was not loaded');
  return loaded;
}

const getBuiltinModule = (crypto: object | undefined) => ({ getBuiltinModule: () => crypto });

test.each<[string, unknown]>([
  ['there is no process, as in a browser', undefined],
  ['the process has no getBuiltinModule', {}],
  ['there is no node:crypto', getBuiltinModule(undefined)],
  ['node:crypto lacks the curve', getBuiltinModule({ getCurves: () => ['prime256v1'] })],
])('noble verifies where %s', (_, process) => {
  const { openssl, signMessage, verifyMessage } = loadedWith(process);
  const message = utf8ToBytes('a message');
  const signature = signMessage(BUYER_SECRET, message);
  expect(openssl).toBeUndefined();
  expect(verifyMessage(BUYER_KEY, message, signature)).toBe(true);
  expect(verifyMessage(BUYER_KEY, utf8ToBytes('another'), signature)).toBe(false);
});

test('OpenSSL answers the first time that it sees a key and again', () => {
  const { openssl, signMessage } = loadedWith(process);
  const message = utf8ToBytes('a message');
  const signature = signMessage(BUYER_SECRET, message);
  for (const _ of ['the first time', 'again']) {
    expect(openssl?.(BUYER_KEY, message, signature)).toBe(true);
    expect(openssl?.(BUYER_KEY, utf8ToBytes('another'), signature)).toBe(false);
  }
});

test('to a key that is none, OpenSSL says no', () => {
  const { openssl, signMessage } = loadedWith(process);
  const message = utf8ToBytes('a message');
  const signature = signMessage(BUYER_SECRET, message);
  expect(openssl?.(new Uint8Array(33), message, signature)).toBe(false);
  expect(openssl?.(new Uint8Array(65), message, signature)).toBe(false);
});

test('a key is taken apart once, and again only after a thousand others', () => {
  let takenApart = 0;
  const createPublicKey = () => {
    takenApart += 1;
    return {};
  };
  const crypto = { getCurves: () => ['secp256k1'], createPublicKey, verify: () => true };
  const { openssl } = loadedWith(getBuiltinModule(crypto));
  const use = (index: number) => {
    const key = new Uint8Array(33);
    new DataView(key.buffer).setUint32(1, index);
    openssl?.(key, new Uint8Array(0), new Uint8Array(64));
    return takenApart;
  };
  for (let index = 0; index < 1_000; index++) expect(use(index)).toBe(index + 1);
  for (const index of [0, 999]) expect(use(index)).toBe(1_000);
  expect(use(1_000)).toBe(1_001);
  expect(use(1_000)).toBe(1_001);
  expect(use(0)).toBe(1_002);
});
