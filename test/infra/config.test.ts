import { readFileSync } from 'node:fs';
import { readInfraConfig } from '../../infra/config.ts';
import { CHAIN_SECRET, CONTEXT, SECRET_CONTEXT, SELLER_SECRET_ARN } from '../support/stack-contexts.ts';

const read = (context: Readonly<Record<string, unknown>>) => readInfraConfig((name) => context[name]);

test('a seller’s context', () => {
  expect(read({ ...CONTEXT, policy: { waitForBatch: true } })).toEqual({
    network: 'signet',
    chain: { secretArn: CHAIN_SECRET },
    payoutAddress: CONTEXT.payoutAddress,
    sellerKey: { kind: 'kms' },
    policy: '{"waitForBatch":true}',
    alarmEmail: 'seller@shop.example',
  });
  expect(read(SECRET_CONTEXT)).toMatchObject({
    chain: { addresses: 'esplora+https://esplora.example/api' },
    sellerKey: { kind: 'secret', secretArn: SELLER_SECRET_ARN, publicKey: SECRET_CONTEXT.sellerPublicKey },
  });
});

test('cdk.json as it comes is valid, and on a chain where nothing is worth anything', () => {
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8'));
  expect(read(context).network).toBe('regtest');
});

test.each<[string, string, unknown, RegExp]>([
  ['no network', 'network', undefined, /must be one of mainnet, testnet4, signet, regtest/],
  ['another network', 'network', 'testnet3', /must be one of/],
  ['no chain', 'chain', undefined, /must say where the shop sees the chain/],
  ['a chain of nothing', 'chain', 'mempool.space', /must be addresses separated by spaces/],
  [
    'a password in the chain',
    'chain',
    'https://user:hunter2@node.example:8332',
    /put the addresses into a secret/,
  ],
  [
    'a token in the chain',
    'chain',
    'esplora+https://e.example/api?key=hunter2',
    /put the addresses into a secret/,
  ],
  ['a secret without its end', 'chain', `secret:${CHAIN_SECRET.slice(0, -7)}`, /six characters/],
  ['no payout address', 'payoutAddress', undefined, /must be the address/],
  [
    'one of another network',
    'payoutAddress',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    /is no address on signet/,
  ],
  ['one of an old kind', 'payoutAddress', 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn', /P2WPKH, P2WSH or P2TR/],
  ['a key elsewhere', 'sellerKey', 'vault', /must be "kms", or "secret:"/],
  [
    'a secret without the public key',
    'sellerKey',
    `secret:${SELLER_SECRET_ARN}`,
    /"sellerPublicKey" must be given/,
  ],
  ['a policy out of order', 'policy', { close: 200 }, /must be in order/],
  ['a policy with another name', 'policy', { minimumCapcity: '5' }, /minimumCapcity/],
  ['a policy in text', 'policy', 'none', /must be an object/],
  ['no e-mail address', 'alarmEmail', 'seller', /must be an e-mail address/],
  ['a domain without a certificate', 'domain', { name: 'shop.example.com' }, /certificateArn/],
])('%s is refused, and what to do is said', (_, name, value, reason) => {
  const refused = () => read({ ...CONTEXT, [name]: value });
  expect(refused).toThrow(reason);
  expect(refused).toThrow(
    /^context "[A-Za-z.]+" .*\(in cdk\.json, or -c [A-Za-z.]+=… for the cdk command\)$/s,
  );
  expect(refused).not.toThrow(/hunter2/);
});
