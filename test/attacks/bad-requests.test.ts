import { systemClock, unixSeconds } from '../../shared/clock.ts';
import { describeRefused, problemOf, summaryOf } from '../support/refusing-shop.ts';

const NO_ID = '0'.repeat(64);

describeRefused('requests', (scene, expectNothingChanged) => {
  const ok = `{"outpoint":{"txid":"${'ab'.repeat(32)}","vout":0}}`;

  test('ids and chunk numbers that are none, and tricks with the path', async () => {
    const bad = [
      'x',
      '0',
      NO_ID.slice(1),
      `${NO_ID}0`,
      'AB'.repeat(32),
      '%00',
      '..%2f..%2fshop',
      '%2e%2e%2f',
      '%zz',
      '%',
      'a'.repeat(6_000),
      '%F0%9F%92%A9',
    ];
    for (const id of bad) {
      for (const [method, path] of [
        ['GET', `/datasets/${id}`],
        ['GET', `/channels/${id}`],
        ['POST', `/channels/${id}/close`],
        ['POST', `/channels/${id}/chunks/0`],
      ] as const) {
        const answer = problemOf(await scene().send(method, path, '', { channel: scene().open }));
        expect([path, answer.status, answer.name]).toEqual([path, 400, 'malformed-request']);
      }
      const refund = problemOf(
        await scene().send('POST', `/channels/${id}/refund`, ok, { channel: scene().open }),
      );
      expect([id, refund.status]).toEqual([id, 400]);
    }
    for (const path of [`/datasets/${NO_ID}`, `/channels/${NO_ID}`]) {
      expect(problemOf(await scene().send('GET', path, '', { channel: scene().open }))).toMatchObject({
        status: 404,
        name: 'not-found',
      });
    }
    for (const number of ['-1', '01', '1e0', '1.0', '0x1', '%31%00', '1000000', '..%2f0', '1%20']) {
      const path = `/channels/${scene().open.channelId}/chunks/${number}`;
      expect([number, summaryOf(await scene().send('POST', path, '', { channel: scene().open }))]).toEqual([
        number,
        '400 malformed-request: chunk: must be a chunk number',
      ]);
    }
    for (const number of ['3', '999999']) {
      const path = `/channels/${scene().open.channelId}/chunks/${number}`;
      expect(problemOf(await scene().send('POST', path, '', { channel: scene().open }))).toMatchObject({
        status: 404,
        name: 'no-such-chunk',
      });
    }
    // No route: API Gateway's own answer.
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/shop/'],
      ['GET', '/shop/../shop'],
      ['GET', '//shop'],
      ['GET', '/%73hop'],
      ['GET', '/channels'],
      ['DELETE', `/channels/${scene().open.channelId}`],
      ['PUT', '/channels'],
      ['POST', `/channels/${scene().open.channelId}/chunks/`],
      ['POST', `/channels/../channels/${scene().open.channelId}/close`],
    ] as const) {
      const answer = await scene().send(method, path, '', { channel: scene().open });
      expect([path, answer.status, answer.body]).toEqual([path, 404, '{"message":"Not Found"}']);
    }
    await expectNothingChanged();
  });

  test('requests that are not signed by the channel key, or for something else', async () => {
    const close = `/channels/${scene().open.channelId}/close`;
    const get = `/channels/${scene().open.channelId}`;
    const unsigned =
      '401 bad-request-signature: spillway-time and spillway-signature must be unix seconds and 64 bytes in hex';
    const wrong = '401 bad-request-signature: not a strict signature of this request by the channel key';
    for (const [method, path, body] of [
      ['GET', get, ''],
      ['POST', close, ''],
      ['POST', `${get}/chunks/0`, ''],
      ['POST', `${get}/refund`, ok],
      ['POST', `${get}/funding`, ok],
      ['POST', '/channels', scene().open.termsBytes],
    ] as const) {
      expect(summaryOf(await scene().send(method, path, body))).toBe(unsigned);
      expect(summaryOf(await scene().send(method, path, body, { channel: scene().proposed }))).toBe(wrong);
      for (const signed of [
        { path: '/shop' },
        { path: `${path}?` },
        { method: method === 'GET' ? 'POST' : 'GET' },
        { host: 'shop.example' },
        { body: new TextEncoder().encode('{}') },
      ]) {
        expect(summaryOf(await scene().send(method, path, body, { channel: scene().open, signed }))).toBe(
          wrong,
        );
      }
      // A replay of what was signed for another step.
      expect(
        summaryOf(
          await scene().send(method, path, body, {
            channel: scene().open,
            signed: { path: get, method: 'POST' },
          }),
        ),
      ).toBe(wrong);
    }
    await expectNothingChanged();
  });

  test('a clock that is off by more than two minutes is told the time', async () => {
    const now = unixSeconds(systemClock);
    for (const seconds of [now - 125, now + 125, 0]) {
      const answer = problemOf(
        await scene().send('GET', `/channels/${scene().open.channelId}`, '', {
          channel: scene().open,
          seconds,
        }),
      );
      expect(answer).toMatchObject({ status: 401, name: 'clock-skew', serverTime: expect.any(Number) });
      expect(Math.abs(answer.serverTime - now)).toBeLessThan(60);
    }
    for (const seconds of [now - 60, now + 60]) {
      expect(
        (
          await scene().send('GET', `/channels/${scene().open.channelId}`, '', {
            channel: scene().open,
            seconds,
          })
        ).status,
      ).toBe(200);
    }
    await expectNothingChanged();
  });
});
