import { bytesToHex } from '@noble/hashes/utils.js';
import { handler as settleChannels } from '../../../functions/settle-channels.ts';
import { payment } from '../../support/channel-buyer.ts';
import { documentOf, functionShop, SECRETS } from '../../support/function-shop.ts';

const { call, refuses, proposed, opened, printed } = functionShop();
const NOWHERE = '00'.repeat(32);
const OUTPOINT_BODY = JSON.stringify({ outpoint: { txid: '56'.repeat(32), vout: 0 } });

describe('the life of a channel through its functions', () => {
  test('a refund is co-signed, the same again', async () => {
    const { channel, secret } = await proposed('refunded');
    const parts = { parameters: { channelId: channel.id }, sign: secret, body: OUTPOINT_BODY };
    const first = documentOf(await call('cosignRefund', parts));
    expect(first).toMatchObject({ channelId: channel.id, outpoint: { txid: '56'.repeat(32), vout: 0 } });
    expect(first.signature).toMatch(/^[0-9a-f]{128}$/);
    expect(documentOf(await call('cosignRefund', parts))).toEqual(first);
  });

  test('a funding that the node does not know', async () => {
    const { channel, secret } = await proposed('unfunded');
    expect(
      await refuses('funding-not-found', 'confirmFunding', {
        parameters: { channelId: channel.id },
        sign: secret,
        body: OUTPOINT_BODY,
      }),
    ).toBe('no unspent output at this outpoint');
  });

  test('chunks by numbers that are none', async () => {
    const { channel, secret } = await opened('chunks');
    for (const chunk of ['-1', '1.0', '01', 'x', '1e1', '1000000', ' 1', '']) {
      const parameters = { channelId: channel.id, chunk };
      expect(await refuses('malformed-request', 'issueChunk', { parameters, sign: secret })).toBe(
        'chunk: must be a chunk number',
      );
    }
    const beyond = { channelId: channel.id, chunk: '12' };
    await refuses('no-such-chunk', 'issueChunk', { parameters: beyond, sign: secret });
  });

  test('a chunk asked for too early: 402 with what is owed', async () => {
    const { channel, secret } = await opened('early');
    const parameters = { channelId: channel.id, chunk: '3' };
    await refuses('payment-required', 'issueChunk', { parameters, sign: secret });
    const document = documentOf(await call('issueChunk', { parameters, sign: secret }));
    expect(document.owed).toEqual({ k: 3, satoshis: '15000' });
  });

  test('payments of another form, by another key, or out of range', async () => {
    const { channel } = await opened('payer');
    const parameters = { channelId: channel.id };
    const send = (k: unknown, signature: unknown) => ({ parameters, body: JSON.stringify({ k, signature }) });
    const hex = bytesToHex(payment('payer', channel, 1).signature);
    for (const [k, signature] of [
      [0, hex],
      [-1, hex],
      [1.5, hex],
      ['1', hex],
      [1, hex.slice(2)],
      [1, hex.toUpperCase()],
      [1, undefined],
    ]) {
      await refuses('malformed-request', 'acceptCommitment', send(k, signature));
    }
    await refuses('bad-commitment-signature', 'acceptCommitment', send(2, hex));
    await refuses('commitment-out-of-range', 'acceptCommitment', send(13, hex));
    const nowhere = { ...send(1, hex), parameters: { channelId: NOWHERE } };
    await refuses('not-found', 'acceptCommitment', nowhere);
  });

  test('a payment is answered with the next link, and get tells the same', async () => {
    const { channel, secret } = await opened('good payer');
    const parameters = { channelId: channel.id };
    const first = await call('issueChunk', { parameters: { ...parameters, chunk: '0' }, sign: secret });
    expect(documentOf(first).url).toContain('/chunks/0?');
    const { k, signature } = payment('good payer', channel, 1);
    const body = JSON.stringify({ k, signature: bytesToHex(signature) });
    const paid = documentOf(await call('acceptCommitment', { parameters, body }));
    expect(paid).toMatchObject({
      state: 'OPEN',
      paid: 1,
      delivered: 2,
      paidSatoshis: '5000',
      next: { chunk: 1 },
    });
    const { next: _, ...state } = paid;
    expect(documentOf(await call('getChannel', { parameters, sign: secret }))).toEqual(state);
  });

  test('a close without a sale answers the cancels; what is sold after it is nothing', async () => {
    const { channel, secret } = await opened('closer');
    const parameters = { channelId: channel.id };
    const closed = documentOf(await call('closeChannel', { parameters, sign: secret }));
    expect(closed).toMatchObject({
      state: 'CANCELLED',
      cancels: [{ outpoint: { txid: '12'.repeat(32), vout: 1 } }],
    });
    await refuses('channel-not-open', 'issueChunk', {
      parameters: { ...parameters, chunk: '0' },
      sign: secret,
    });
  });

  test('a funding of a channel that was cancelled before it', async () => {
    const { channel, secret } = await proposed('cancelled early');
    const parts = { parameters: { channelId: channel.id }, sign: secret };
    await call('closeChannel', parts);
    await refuses('channel-ended', 'confirmFunding', { ...parts, body: OUTPOINT_BODY });
  });
});

test('the schedule’s function runs a sweep', async () => {
  expect(await settleChannels({}, { getRemainingTimeInMillis: () => 60_000 })).toMatchObject({
    height: 10,
    failed: 0,
  });
});

test('no line that was printed holds a secret, a signature or a link', () => {
  expect(printed.length).toBeGreaterThan(5);
  const text = printed.join('\n');
  for (const secret of SECRETS) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/X-Amz-Signature|[0-9a-f]{128}/);
  for (const line of printed) {
    const { _aws, message, timestamp } = JSON.parse(line);
    if (_aws === undefined) expect([message, timestamp]).toEqual([expect.any(String), expect.any(String)]);
  }
});
