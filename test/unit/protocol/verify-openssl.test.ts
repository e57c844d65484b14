import { utf8ToBytes } from '@noble/hashes/utils.js';
import type * as Signature from '../../../shared/protocol/signature.ts';
import { BUYER_KEY, BUYER_SECRET } from './support.ts';

/** signature.ts as it loads where `process` is another one. */
function loadedWith(process: unknown): typeof Signature & { openssl: unknown } {
  let loaded: (typeof Signature & { openssl: unknown }) | undefined;
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
