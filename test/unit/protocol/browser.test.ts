import { createContext, runInContext } from 'node:vm';
import { bytesToHex } from '@noble/hashes/utils.js';
import { buildSync } from 'esbuild';
import { canonicalBytes } from '../../../shared/protocol/canonical-json.ts';
import { addressOfScript } from '../../../shared/protocol/network.ts';
import { requestMessage } from '../../../shared/protocol/request.ts';
import { signMessage } from '../../../shared/protocol/signature.ts';
import { channelIdOf } from '../../../shared/protocol/terms.ts';
import { BUYER_KEY, BUYER_SECRET, CHANGE_SCRIPTS, WIRE } from './support.ts';

const MODULES = [
  'canonical-json',
  'commitment',
  'hashes',
  'keys',
  'network',
  'numbers',
  'price',
  'request',
  'script',
  'sighash',
  'signature',
  'terms',
  'transactions',
  'verify-openssl',
];

/** What a page would run: every module of the floor in one script that leaves them in `spillway`. */
function bundle(): string {
  const { outputFiles } = buildSync({
    stdin: {
      contents: MODULES.map((name) => `export * from './${name}.ts';`).join('\n'),
      resolveDir: `${__dirname}/../../../shared/protocol`,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'spillway',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

describe('in a browser', () => {
  // Only what every browser has; no process, Buffer, require or module.
  const context = createContext({ TextEncoder, TextDecoder, crypto: globalThis.crypto });
  const code = bundle();
  const run = (script: string): unknown => runInContext(script, context);

  test('the floor loads without anything of Node', () => {
    run(code);
    expect(run('[typeof process, typeof Buffer, typeof require].join()')).toBe(
      'undefined,undefined,undefined',
    );
    expect(run('typeof spillway.settlement')).toBe('function');
    expect(run('spillway.verifyWithOpenssl')).toBeUndefined();
  });

  test('computes the same channel id', () => {
    run(code);
    const terms = JSON.stringify(new TextDecoder().decode(canonicalBytes(WIRE)));
    const id = run(`
      const bytes = new TextEncoder().encode(${terms});
      const parsed = spillway.parseTerms(bytes);
      const again = spillway.encodeTerms(parsed);
      Array.from(spillway.channelIdOf(again), (byte) => byte.toString(16).padStart(2, '0')).join('');
    `);
    expect(id).toBe(bytesToHex(channelIdOf(canonicalBytes(WIRE))));
  });

  test('signs and verifies the same, and knows addresses and transactions', () => {
    run(code);
    const request = {
      method: 'GET',
      host: 'shop.example',
      path: '/shop',
      seconds: 1,
      body: new Uint8Array(0),
    };
    const signature = signMessage(BUYER_SECRET, requestMessage(request));
    const array = (bytes: Uint8Array) => `Uint8Array.of(${bytes.join()})`;
    const result = run(`(() => {
      const request = { method: 'GET', host: 'shop.example', path: '/shop', seconds: 1, body: new Uint8Array(0) };
      const message = spillway.requestMessage(request);
      const signature = spillway.signMessage(${array(BUYER_SECRET)}, message);
      const key = ${array(BUYER_KEY)};
      const script = ${array(CHANGE_SCRIPTS.P2TR)};
      const funding = { txid: '${'ab'.repeat(32)}', vout: 0, capacity: 9000n, witnessScript: spillway.fundingScript(key, key) };
      const unsigned = spillway.buyerSpend(funding, 1108, [{ script, value: 8000n }], signature);
      const digest = unsigned.digests[0];
      return JSON.stringify({
        signature: Array.from(signature),
        valid: spillway.verifyMessage(key, message, signature),
        tampered: spillway.verifyMessage(key, message.slice(1), signature),
        address: spillway.addressOfScript(script, 'signet'),
        vsize: unsigned.sign([spillway.signDigest(${array(BUYER_SECRET)}, digest)]).virtualSize() > 0,
      });
    })()`);
    expect(JSON.parse(String(result))).toEqual({
      signature: Array.from(signature),
      valid: true,
      tampered: false,
      address: addressOfScript(CHANGE_SCRIPTS.P2TR, 'signet'),
      vsize: true,
    });
  });
});
