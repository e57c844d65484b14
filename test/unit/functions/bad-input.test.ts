import { bytesToHex } from '@noble/hashes/utils.js';
import { ROUTES, type RouteName } from '../../../shared/http/routes.ts';
import { channelPublicKey } from '../../../shared/protocol/keys.ts';
import { channelIdOf, encodeTerms, termsToJson } from '../../../shared/protocol/terms.ts';
import { secretOf } from '../../support/channel-buyer.ts';
import { DATASET, SELLER_KEY } from '../../support/channel-shop.ts';
import { bodyOf, documentOf, functionShop, secretFor, termsOf } from '../../support/function-shop.ts';

const { call, refuses, proposed } = functionShop();
const NOWHERE = '00'.repeat(32);
const OUTPOINT_BODY = JSON.stringify({ outpoint: { txid: '56'.repeat(32), vout: 0 } });

describe('what anyone may ask', () => {
  test('the shop, from the chain and the configuration', async () => {
    const answer = await call('getShop', {});
    expect(answer.statusCode).toBe(200);
    expect(documentOf(answer)).toMatchObject({
      protocol: 'spillway/1',
      network: 'regtest',
      sellerKey: bytesToHex(SELLER_KEY),
      tip: { height: 10 },
      policy: { minimumFirstPrice: '1139', commitmentLimit: 64, minimumLifetime: 288 },
    });
  });

  test('the datasets, and one of them with a link to its manifest', async () => {
    expect(documentOf(await call('listDatasets', {})).datasets).toHaveLength(1);
    const answer = documentOf(await call('getDataset', { parameters: { manifest: DATASET.manifest } }));
    expect(answer).toMatchObject({ manifest: DATASET.manifest, chunks: 12, pricePerChunk: '5000' });
    expect(answer.manifestUrl).toContain('X-Amz-Signature=');
  });

  test('a dataset that is not there, or an id that is none', async () => {
    expect(await refuses('not-found', 'getDataset', { parameters: { manifest: NOWHERE } })).toBe(
      'no dataset of this id',
    );
    for (const manifest of ['', 'ab', 'AB'.repeat(32), '../../etc/passwd', `${NOWHERE}\n`]) {
      expect(await refuses('malformed-request', 'getDataset', { parameters: { manifest } })).toMatch(
        /^manifest: /,
      );
    }
  });
});

describe('POST /channels', () => {
  test('terms that are not canonical JSON, or not terms', async () => {
    const terms = termsOf('alice');
    const sign = secretFor('alice', terms);
    const json = termsToJson(terms);
    const reordered = JSON.stringify(Object.fromEntries(Object.entries(json).reverse()));
    for (const body of ['', '{', '[]', 'null', ` ${bodyOf(terms)}`, reordered, '{"a":1,"a":1}']) {
      await refuses('malformed-terms', 'openChannel', { body, sign });
    }
    const canonical = bodyOf(terms);
    const spoiled = [
      canonical.replace('"credit":1', '"credit":2'),
      canonical.replace('"credit":1', '"credit":1.5'),
      canonical.replace('"capacity":"60000"', '"capacity":"-1"'),
      canonical.replace('"capacity":"60000"', '"capacity":60000'),
      canonical.replace('"refundHeight":1018', '"refundHeight":500000000'),
      canonical.replace('"sellerKey":"0', '"sellerKey":"f'),
      canonical.replace('{', '{"aaa":1,'),
    ];
    for (const body of spoiled) {
      expect(body).not.toBe(canonical);
      await refuses('malformed-terms', 'openChannel', { body, sign });
    }
  });

  test('a body over 16 KiB', async () => {
    expect(await refuses('body-too-large', 'openChannel', { body: 'x'.repeat(16_385) })).toBe('16385 bytes');
  });

  test('no signature, a stranger’s, or one by the key without the terms in it', async () => {
    const body = bodyOf(termsOf('alice'));
    await refuses('bad-request-signature', 'openChannel', { body });
    await refuses('bad-request-signature', 'openChannel', { body, sign: secretOf('mallory') });
    await refuses('bad-request-signature', 'openChannel', { body, sign: secretOf('alice') });
  });

  test('a price that is not asked', async () => {
    const terms = termsOf('alice', { pricePerChunk: 4_999n });
    expect(
      await refuses('terms-refused', 'openChannel', { body: bodyOf(terms), sign: secretFor('alice', terms) }),
    ).toBe('pricePerChunk: is 5000 satoshis now');
  });

  test('a continuation header of another form', async () => {
    const terms = termsOf('alice');
    const parts = { body: bodyOf(terms), sign: secretFor('alice', terms) };
    for (const value of ['', NOWHERE, `${NOWHERE} ${'AB'.repeat(64)}`, `${NOWHERE}  ${'ab'.repeat(64)}`]) {
      const headers = { 'spillway-continues': value };
      expect(await refuses('malformed-request', 'openChannel', { ...parts, headers })).toBe(
        'spillway-continues: must be a channel id and a signature',
      );
    }
    const headers = { 'spillway-continues': `${NOWHERE} ${'ab'.repeat(64)}` };
    expect(await refuses('terms-refused', 'openChannel', { ...parts, headers })).toBe(
      'continuation: the earlier channel is not known',
    );
  });

  test('terms in order open a channel, whose key the terms derive', async () => {
    const { channel } = await proposed('opener');
    expect(channel.channelKey).toEqual(
      channelPublicKey(channel.terms.buyerKey, channelIdOf(encodeTerms(channel.terms))),
    );
  });
});

const perChannel = ['cosignRefund', 'confirmFunding', 'issueChunk', 'closeChannel', 'getChannel'] as const;
const bodyFor = (name: RouteName) => ('body' in ROUTES[name] ? { body: OUTPOINT_BODY } : {});

describe.each(perChannel)('%s', (name) => {
  test('of an id that is none, or of no channel', async () => {
    const sign = secretOf('mallory');
    for (const channelId of ['', 'ab', 'AB'.repeat(32)]) {
      await refuses('malformed-request', name, {
        parameters: { channelId, chunk: '0' },
        sign,
        ...bodyFor(name),
      });
    }
    expect(
      await refuses('not-found', name, {
        parameters: { channelId: NOWHERE, chunk: '0' },
        sign,
        ...bodyFor(name),
      }),
    ).toBe('no channel of this id');
  });

  test('without the channel key’s signature', async () => {
    const { channel, secret } = await proposed(`stranger of ${name}`);
    const parameters = { channelId: channel.id, chunk: '0' };
    await refuses('bad-request-signature', name, { parameters, ...bodyFor(name) });
    await refuses('bad-request-signature', name, { parameters, sign: secretOf('mallory'), ...bodyFor(name) });
    const stale = { 'spillway-time': '1000' };
    await refuses('clock-skew', name, { parameters, sign: secret, headers: stale, ...bodyFor(name) });
  });
});

describe.each(['cosignRefund', 'confirmFunding'] as const)('%s', (name) => {
  test('with a body that is no outpoint', async () => {
    const { channel, secret } = await proposed(`outpoint of ${name}`);
    const bodies = [
      '',
      '{}',
      'null',
      '{"outpoint":{"txid":"00","vout":0}}',
      `{"outpoint":{"txid":"${NOWHERE}","vout":-1}}`,
      `{"outpoint":{"txid":"${NOWHERE}","vout":0,"more":1}}`,
    ];
    for (const body of bodies) {
      await refuses('malformed-request', name, { parameters: { channelId: channel.id }, sign: secret, body });
    }
  });
});

test('a proposal that nobody relies on is not found after an hour, whatever the table still holds', async () => {
  const { channel, secret } = await proposed('forgotten');
  const parts = { parameters: { channelId: channel.id }, sign: secret };
  const now = jest.spyOn(Date, 'now').mockReturnValue(channel.createdAt + 3_600_000 - 1);
  expect((await call('getChannel', parts)).statusCode).toBe(200);
  now.mockReturnValue(channel.createdAt + 3_600_000);
  expect(await refuses('not-found', 'getChannel', parts)).toBe('no channel of this id');
  now.mockRestore();
});
