import { bytesToHex } from '@noble/hashes/utils.js';
import { sign } from '@noble/secp256k1';
import { fundingOf } from '../../client/buyer/channel-secrets.ts';
import { commitmentMessage } from '../../shared/protocol/commitment.ts';
import { sha256 } from '../../shared/protocol/hashes.ts';
import { change, price } from '../../shared/protocol/price.ts';
import { attackedShop, PRICE, SHAPE } from '../support/attacked-shop.ts';
import { moneyOf, moneyOfAll, type OpenChannel, openMany, pay } from '../support/attacks.ts';

/** A hundred payments of one channel at once, in every order and form that a network or a cheat can bring them in. */

const AT_ONCE = 100;
const COUNT = 8;
const shop = attackedShop({ policy: { commitmentLimit: COUNT } });

interface Sent {
  readonly k: number;
  readonly signature: Uint8Array;
}

/** The same payment with another, equally valid signature. */
function signedOtherwise(channel: OpenChannel, k: number, number: number): Uint8Array {
  const rest = change(channel.terms, SHAPE, k);
  const message = commitmentMessage(fundingOf(channel, channel.outpoint), channel.terms.changeScript, rest);
  const extraEntropy = new Uint8Array(32).fill(number + 1);
  return sign(sha256(message), channel.secret, { prehash: false, lowS: true, extraEntropy });
}

/** All at once. @returns status and document of each, in their order */
async function storm(channel: OpenChannel, payments: readonly Sent[]) {
  const path = `/channels/${channel.channelId}/commitments`;
  const answers = await Promise.all(
    payments.map(({ k, signature }) =>
      shop().send('POST', path, JSON.stringify({ k, signature: bytesToHex(signature) })),
    ),
  );
  return answers.map(({ status, body }) => ({ status, document: JSON.parse(body) }));
}

async function oneChannel(credit: 0 | 1 = 1): Promise<OpenChannel> {
  const [channel] = await openMany(shop(), 1, () => ({ credit }));
  if (!channel) throw new Error('one was opened');
  return channel;
}

/** Satoshis and chunks that the shop counted for a channel, line by line. */
function counted(channel: OpenChannel) {
  const lines = shop()
    .printed.map((line) => JSON.parse(line))
    .filter(({ message, channelId }) => message === 'commitment-accepted' && channelId === channel.channelId);
  return {
    payments: lines.length,
    chunks: lines.reduce((sum, { chunks }) => sum + chunks, 0),
    satoshis: lines.reduce((sum, { satoshis }) => sum + BigInt(satoshis), 0n),
  };
}

async function settledFor(channel: OpenChannel, k: number): Promise<void> {
  const closed = await shop().buyer.shop.close(channel);
  expect(closed).toMatchObject({ state: 'CLOSING', paid: k });
  await shop().faucet.mine(1);
  const owed = price(channel.terms, SHAPE, k);
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), channel);
  expect([toSeller + fee, toBuyer]).toEqual([owed, channel.terms.capacity - owed]);
}

test('the same payment a hundred times is paid once, and all are told so', async () => {
  const channel = await oneChannel();
  const signature = channel.commitment(channel.outpoint, 1);
  const answers = await storm(
    channel,
    Array.from({ length: AT_ONCE }, () => ({ k: 1, signature })),
  );
  expect(new Set(answers.map(({ status, document }) => `${status} ${document.paid}`))).toEqual(
    new Set(['200 1']),
  );
  expect(counted(channel)).toEqual({ payments: 1, chunks: 1, satoshis: PRICE });
  // Links for the unpaid chunk are counted, however many ask at once.
  expect(answers.filter(({ document }) => document.next !== null)).toHaveLength(8);
  await settledFor(channel, 1);
});

test('the same k by a hundred other signatures: the first stays, the others are told that it is paid', async () => {
  const channel = await oneChannel();
  const payments = Array.from({ length: AT_ONCE }, (_, number) => ({
    k: 2,
    signature: signedOtherwise(channel, 2, number),
  }));
  expect(new Set(payments.map(({ signature }) => bytesToHex(signature))).size).toBe(AT_ONCE);
  const answers = await storm(channel, payments);
  expect(new Set(answers.map(({ status, document }) => `${status} ${document.paid}`))).toEqual(
    new Set(['200 2']),
  );
  const kept = await keptSignature(channel);
  expect(payments.map(({ signature }) => bytesToHex(signature))).toContain(kept);
  expect(counted(channel)).toEqual({ payments: 1, chunks: 2, satoshis: 2n * PRICE });

  await storm(
    channel,
    Array.from({ length: AT_ONCE }, (_, number) => ({
      k: 2,
      signature: signedOtherwise(channel, 2, 100 + number),
    })),
  );
  expect(await keptSignature(channel)).toBe(kept);
  await settledFor(channel, 2);
});

test('in any order, stale and doubled: what was paid only grows, each chunk counts once', async () => {
  const channel = await oneChannel();
  const payments = Array.from({ length: AT_ONCE }, (_, index) => {
    // A fixed walk over 1 to 8 that comes back to each of them.
    const k = 1 + ((index * 5 + 3 * Math.floor(index / 8)) % COUNT);
    return { k, signature: channel.commitment(channel.outpoint, k) };
  });
  const answers = await storm(channel, payments);
  for (const [index, { status, document }] of answers.entries()) {
    const { k = 0 } = payments[index] ?? {};
    // Taken, answered again, or told that more was paid; or asked to come again, for so many came at once.
    if (status === 200) expect(document.paid).toBeGreaterThanOrEqual(k);
    else expect([409, 503]).toContain(status);
    if (status === 409) {
      expect(document.type).toBe('urn:spillway:problem:stale-commitment');
      expect(document.paid).toBeGreaterThan(k);
    }
  }
  await pay(shop(), channel, COUNT);
  expect(await shop().buyer.shop.channel(channel)).toMatchObject({ state: 'OPEN', paid: COUNT });
  expect(counted(channel)).toMatchObject({ chunks: COUNT, satoshis: 37_000n });
  // The sums come out right also where what was paid shrinks in between; then it takes more of them.
  expect(counted(channel).payments).toBeLessThanOrEqual(COUNT);
  await settledFor(channel, COUNT);
});

test('payments in flight while the channel closes: what was acknowledged is settled, and nothing after it', async () => {
  const { buyer, faucet } = shop();
  const channels = await openMany(shop(), 10);
  for (const channel of channels) await pay(shop(), channel, 1);
  const outcomes = await Promise.all(
    channels.map(async (channel, index) => {
      const payments = [2, 3, 4, 5].map((k) => () => pay(shop(), channel, k));
      const closing = () => buyer.shop.close(channel);
      const calls: (() => Promise<{ paid: number; state: string }>)[] = [...payments];
      calls.splice(index % 5, 0, closing);
      const answers = await Promise.all(
        calls.map((call) =>
          call().then(
            ({ paid }) => paid,
            (error) => {
              expect(['channel-not-open', 'stale-commitment', 'busy']).toContain(error.problem);
              return 0;
            },
          ),
        ),
      );
      return Math.max(...answers);
    }),
  );
  await faucet.mine(1);
  const moneys = await moneyOfAll(shop(), channels);
  for (const [index, acknowledged] of outcomes.entries()) {
    const channel = channels[index];
    const { toSeller = 0n, toBuyer, fee = 0n } = moneys[index] ?? {};
    if (!channel) throw new Error('an outcome for each');
    const { state, paid } = await buyer.shop.channel(channel);
    expect([state, paid]).toEqual(['CLOSING', acknowledged]);
    const owed = price(channel.terms, SHAPE, acknowledged);
    expect([toSeller + fee, toBuyer]).toEqual([owed, channel.terms.capacity - owed]);
    expect(counted(channel).satoshis).toBe(owed);
    // A commitment that comes later is worth nothing to anybody, and the one that was taken is told again without a link.
    const late = await storm(channel, [{ k: 6, signature: channel.commitment(channel.outpoint, 6) }]);
    expect(late[0]).toMatchObject({
      status: 409,
      document: { type: 'urn:spillway:problem:channel-not-open', paid: acknowledged },
    });
    expect((await pay(shop(), channel, acknowledged)).next).toBeNull();
  }
});

async function keptSignature({ channelId }: OpenChannel): Promise<string> {
  const items = (await shop().everything()).map((item) => JSON.parse(item));
  const { commitment } = items.find(({ id }) => id?.S === channelId);
  return Buffer.from(Object.values<number>(commitment.B)).toString('hex');
}
