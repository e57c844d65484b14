import { attackedShop, PRICE, SHAPE } from '../support/attacked-shop.ts';
import { allRefused, inParallel, moneyOf, type OpenChannel, openMany, pay } from '../support/attacks.ts';
import { refusal } from '../support/object-store.ts';

/** What a link is good for, and how many there are. */

const DAY = 24 * 60 * 60 * 1000;
const shop = attackedShop();

async function openChannel(): Promise<OpenChannel> {
  const [channel] = await openMany(shop(), 1);
  if (!channel) throw new Error('one was opened');
  return channel;
}

/** Asks for a chunk so often. @returns how many answers there are of each kind */
async function ask(channel: OpenChannel, chunk: number, times: number): Promise<Record<string, number>> {
  const path = `/channels/${channel.channelId}/chunks/${chunk}`;
  const counts: Record<string, number> = {};
  await inParallel(25, Array.from({ length: times }), async () => {
    const { status, body } = await shop().send('POST', path, '', { channel });
    const answer = JSON.parse(body);
    const said = status === 200 ? 'link' : `${status} ${answer.detail}`;
    counts[said] = (counts[said] ?? 0) + 1;
  });
  return counts;
}

test('a thousand times for a chunk on credit: eight links, then 429, and all of them to one object', async () => {
  const channel = await openChannel();
  const counts = await ask(channel, 0, 1_000);
  // So many at once that some are asked to come again; none of these was counted or answered with a link.
  const { link, '429 chunk 0 was linked to as often as it may be': refused = 0, ...busy } = counts;
  expect(link).toBe(8);
  expect(Object.keys(busy).filter((said) => said !== '503 other requests keep changing the channel')).toEqual(
    [],
  );
  expect(refused).toBeGreaterThan(0);
  expect(await shop().buyer.shop.channel(channel)).toMatchObject({ paid: 0, delivered: 1 });
  // Its payment opens the next chunk, and the count of that one begins anew.
  await pay(shop(), channel, 1);
  expect(await ask(channel, 1, 12)).toEqual({
    link: 7,
    '429 chunk 1 was linked to as often as it may be': 5,
  });
}, 180_000);

test('for a chunk that is paid: twenty a day, also when it is closed, and the next day again', async () => {
  const channel = await openChannel();
  await pay(shop(), channel, 1);
  const twenty = { link: 20, '429 chunk 0 was linked to as often as it may be': 10 };
  expect(await ask(channel, 0, 30)).toEqual(twenty);
  await shop().buyer.shop.close(channel);
  expect(await ask(channel, 0, 1)).toEqual({ '429 chunk 0 was linked to as often as it may be': 1 });
  shop().pass(DAY);
  expect(await ask(channel, 0, 30)).toEqual(twenty);
  await shop().faucet.mine(1);
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), channel);
  expect([toSeller + fee, toBuyer]).toEqual([PRICE, 95_000n]);
});

test('a link fetches that version of that object, for a quarter of an hour, and does nothing else', async () => {
  const channel = await openChannel();
  const { url } = await shop().buyer.shop.issueChunk(channel, 0);
  const link = new URL(url);
  const changed = (change: (copy: URL) => void) => {
    const copy = new URL(url);
    change(copy);
    return copy;
  };
  const NO = '403 SignatureDoesNotMatch';
  const attempts: Record<string, readonly [URL, string, RequestInit?]> = {
    'another chunk': [changed((copy) => (copy.pathname = link.pathname.replace(/0$/, '1'))), NO],
    'the manifest': [
      changed((copy) => (copy.pathname = link.pathname.replace(/chunks.*/, 'manifest.json'))),
      NO,
    ],
    'the whole bucket': [changed((copy) => (copy.pathname = '/spillway-datasets')), NO],
    'another version': [changed((copy) => copy.searchParams.set('versionId', 'null')), NO],
    'no version': [changed((copy) => copy.searchParams.delete('versionId')), NO],
    'a longer life': [changed((copy) => copy.searchParams.set('X-Amz-Expires', '604800')), NO],
    'a later date': [
      changed((copy) => copy.searchParams.set('X-Amz-Date', '20990101T000000Z')),
      '400 AuthorizationQueryParametersError',
    ],
    'a parameter more': [changed((copy) => copy.searchParams.set('response-content-type', 'text/html')), NO],
    'to write': [link, NO, { method: 'PUT', body: 'x' }],
    'to delete': [link, NO, { method: 'DELETE' }],
  };
  for (const [name, [target, wanted, request]] of Object.entries(attempts)) {
    expect([name, await refusal(await fetch(target, request))]).toEqual([name, wanted]);
  }
  const size = async () => {
    const answer = await fetch(link);
    return answer.ok ? (await answer.arrayBuffer()).byteLength : await refusal(answer);
  };
  expect(await size()).toBe(SHAPE.chunkSize);
  shop().pass(16 * 60 * 1000);
  expect(await size()).toBe('403 AccessDenied');
});

test("another buyer's: whoever holds a link may use it, but cannot renew it, nor reach that buyer's channel", async () => {
  const { buyer } = shop();
  const channel = await openChannel();
  const stranger = await openChannel();
  await pay(shop(), channel, 1);
  const as = { ...channel, secret: stranger.secret };
  const wrong = '401 bad-request-signature: not a strict signature of this request by the channel key';
  await allRefused(shop(), {
    'its paid chunk': [() => buyer.shop.issueChunk(as, 0), wrong],
    'its next chunk': [() => buyer.shop.issueChunk(as, 1), wrong],
    'its state': [() => buyer.shop.channel(as), wrong],
    'its end': [() => buyer.shop.close(as), wrong],
    'its refund': [() => buyer.shop.cosignRefund(as, channel.outpoint), wrong],
    'its funding': [() => buyer.shop.confirmFunding(as, channel.outpoint), wrong],
    'its opening': [() => buyer.shop.open(as, channel.termsBytes), wrong],
    'a payment that the stranger signs': [
      () =>
        buyer.shop.commit(channel, 2, Buffer.from(stranger.commitment(channel.outpoint, 2)).toString('hex')),
      '422 bad-commitment-signature: not a strict signature by the channel key of commitment 2',
    ],
  });
});
