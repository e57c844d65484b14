import type * as AcceptCommitment from '../../../functions/accept-commitment.ts';
import type * as Signature from '../../../shared/protocol/signature.ts';
import type { VerifyMessage } from '../../../shared/protocol/verify-openssl.ts';
import { apiEvent } from '../../support/api-event.ts';

const VERIFIER = '../../../shared/signer/libsecp256k1.ts';
const MANY = 200;
/** No signature of anybody's: only a stand-in takes it. */
const ANY = [new Uint8Array(33), new Uint8Array(0), new Uint8Array(64).fill(1)] as const;

/** The function as it loads in a process of its own, with this for libsecp256k1. */
function loadedWith(libsecp256k1: () => Promise<VerifyMessage>) {
  jest.isolateModules(() => {
    jest.doMock(VERIFIER, () => ({ libsecp256k1 }));
    jest.doMock('../../../functions/shop.ts', () => ({ theShop: () => ({}) }));
    functions = require('../../../functions/accept-commitment.ts');
    signature = require('../../../shared/protocol/signature.ts');
  });
  jest.dontMock(VERIFIER);
  jest.dontMock('../../../functions/shop.ts');
}

let functions: typeof AcceptCommitment;
let signature: typeof Signature;
let printed: jest.SpyInstance;

beforeEach(() => {
  printed = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => printed.mockRestore());

/** Payments that do not even parse count too: what they are is not known yet. */
async function pay(times: number): Promise<void> {
  const event = apiEvent({ method: 'POST', path: '/channels/x/commitments', body: '{}' });
  for (let count = 0; count < times; count++) await functions.handler(event);
}

test('a process that takes many payments verifies with libsecp256k1, which it loads once', async () => {
  let loads = 0;
  loadedWith(async () => {
    loads += 1;
    return () => true;
  });
  await pay(MANY - 1);
  expect({ loads, taken: signature.verifyMessage(...ANY) }).toEqual({ loads: 0, taken: false });
  await pay(1);
  expect({ loads, taken: signature.verifyMessage(...ANY) }).toEqual({ loads: 1, taken: true });
  await pay(MANY + 1);
  expect(loads).toBe(1);
});

test('where it does not load, all is verified as before, and that is said', async () => {
  loadedWith(async () => {
    throw new Error('no WebAssembly here');
  });
  await pay(MANY);
  expect(signature.verifyMessage(...ANY)).toBe(false);
  const lines = printed.mock.calls.map(([line]) => String(line)).join('');
  expect(lines).toContain('verification-slow');
  expect(lines).toContain('no WebAssembly here');
});
