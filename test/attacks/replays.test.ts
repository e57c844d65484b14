import { systemClock, unixSeconds } from '../../shared/clock.ts';
import { attackedShop, PRICE } from '../support/attacked-shop.ts';
import { moneyOf, openMany, pay } from '../support/attacks.ts';
import { problemOf, summaryOf } from '../support/refusing-shop.ts';

/** Requests that were signed once, sent again by somebody who saw them, or signed for another time. */

/** Seconds that a request's time may differ. */
const SKEW = 120;
const shop = attackedShop();

test('two minutes later, or signed two minutes ahead, they are refused and told the time', async () => {
  const [channel] = await openMany(shop(), 1);
  if (!channel) throw new Error('one was opened');
  const path = `/channels/${channel.channelId}`;
  const now = unixSeconds(systemClock);
  const before = await shop().everything();
  const requests = [
    ['GET', path],
    ['POST', `${path}/chunks/0`],
    ['POST', `${path}/close`],
  ] as const;
  for (const [method, target] of requests) {
    for (const seconds of [now - SKEW - 5, now + SKEW + 5, 0, 999_999_999_999]) {
      const answer = await shop().send(method, target, '', { channel, seconds });
      expect(problemOf(answer)).toMatchObject({ status: 401, name: 'clock-skew' });
    }
  }
  // Seen now, sent again when its time is over.
  const seconds = unixSeconds(systemClock);
  expect((await shop().send('GET', path, '', { channel, seconds })).status).toBe(200);
  shop().pass((SKEW + 5) * 1_000);
  for (const [method, target] of requests) {
    expect(problemOf(await shop().send(method, target, '', { channel, seconds }))).toMatchObject({
      status: 401,
      name: 'clock-skew',
    });
  }
  expect(await shop().everything()).toEqual(before);
});

test('within the two minutes a replay does what was done, once more nothing: every step may be repeated', async () => {
  const [channel] = await openMany(shop(), 1);
  if (!channel) throw new Error('one was opened');
  const path = `/channels/${channel.channelId}`;
  const seconds = unixSeconds(systemClock);
  const outpoint = JSON.stringify({ outpoint: channel.outpoint });
  const replayed = async (method: string, target: string, body: Uint8Array | string = '') => {
    const once = await shop().send(method, target, body, { channel, seconds });
    const before = await shop().everything();
    const again = await shop().send(method, target, body, { channel, seconds });
    expect([again.status, again.body]).toEqual([once.status, once.body]);
    expect(await shop().everything()).toEqual(before);
    return once;
  };
  await pay(shop(), channel, 1);
  expect((await replayed('POST', `${path}/refund`, outpoint)).status).toBe(200);
  expect((await replayed('POST', `${path}/funding`, outpoint)).status).toBe(200);
  expect((await replayed('POST', '/channels', channel.termsBytes)).status).toBe(200);
  expect((await replayed('GET', path)).status).toBe(200);
  await shop().send('POST', `${path}/close`, '', { channel, seconds });
  expect((await replayed('POST', `${path}/close`)).status).toBe(200);
  await shop().faucet.mine(1);
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), channel);
  expect([toSeller + fee, toBuyer]).toEqual([PRICE, 95_000n]);
});

test('a signature serves one method, host, path and body: it is none for any other request', async () => {
  const [channel, other] = await openMany(shop(), 2);
  if (!channel || !other) throw new Error('two were opened');
  const path = `/channels/${channel.channelId}`;
  const wrong = '401 bad-request-signature: not a strict signature of this request by the channel key';
  const before = await shop().everything();
  for (const signed of [
    { method: 'GET' },
    { path },
    { path: `${path}/chunks/0` },
    { path: `${path}/close?now` },
    { path: `/prod${path}/close` },
    { path: `/channels/${other.channelId}/close` },
    { host: 'shop.example' },
    { body: new TextEncoder().encode(' ') },
  ]) {
    expect(summaryOf(await shop().send('POST', `${path}/close`, '', { channel, signed }))).toBe(wrong);
  }
  expect(await shop().everything()).toEqual(before);
});
