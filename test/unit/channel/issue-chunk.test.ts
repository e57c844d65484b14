import { acceptCommitment } from '../../../shared/channel/accept-commitment.ts';
import { deadlines } from '../../../shared/channel/channel-facts.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { URL_LIFETIME_SECONDS } from '../../../shared/limits.ts';
import { payment } from '../../support/channel-buyer.ts';
import {
  CHUNK,
  channelShop,
  DATASET,
  open,
  openAndPaid,
  propose,
  START,
  stored,
} from '../../support/channel-shop.ts';
import { contested } from '../../support/contested-channels.ts';
import { refusal, refusalWithoutChange, refused } from '../../support/refusals.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
const DAY = 86_400_000;

describe('rule 19: which chunks', () => {
  test('rule 19: with credit the first before any payment, the second only after one', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    expect(await issueChunk(shop, channel, 0)).toEqual({
      chunk: 0,
      size: CHUNK,
      url: `https://objects.example/datasets/${DATASET.folder}/chunks/0?versionId=version-0&X-Amz-Signature=bearer`,
      expiresAt: START / 1000 + URL_LIFETIME_SECONDS,
    });
    expect(shop.lines.at(-1)).toEqual({
      event: 'chunk-issued',
      fields: { channelId: channel.id, chunk: 0, paid: 0 },
    });
    expect(await refusalWithoutChange(shop, channel, () => issueChunk(shop, channel, 1))).toBe(
      'payment-required: chunk 1 is given out once 1 chunks are paid for',
    );
  });

  test('rule 19: 402 says what is owed, to the satoshi', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 2);
    const problem = await refused(issueChunk(shop, channel, 11));
    expect(problem.status).toBe(402);
    expect(problem.members).toEqual({
      state: 'OPEN',
      paid: 2,
      delivered: 3,
      owed: { k: 11, satoshis: '45000' },
    });
    const without = await open(shop, 'bob', { credit: 0 });
    expect((await refused(issueChunk(shop, without, 11))).members.owed).toEqual({ k: 12, satoshis: '57500' });
  });

  test('rule 19: without credit none before its payment', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice', { credit: 0 });
    expect(await refusalWithoutChange(shop, channel, () => issueChunk(shop, channel, 0))).toBe(
      'payment-required: chunk 0 is given out once 1 chunks are paid for',
    );
    const { channel: paid } = await acceptCommitment(shop, channel, payment('alice', channel, 1));
    expect((await issueChunk(shop, paid, 0)).chunk).toBe(0);
  });

  test('rule 19: after the last there is no next, credit or not', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 5, { count: 5, capacity: 30_000n });
    expect(await refusalWithoutChange(shop, channel, () => issueChunk(shop, channel, 5))).toBe(
      'no-such-chunk: the channel buys 5 chunks',
    );
    expect((await issueChunk(shop, channel, 4)).chunk).toBe(4);
  });

  test('rule 19: nothing unpaid in a state other than OPEN', async () => {
    const shop = await channelShop(tables());
    const proposed = await propose(shop, 'alice');
    expect(await refusalWithoutChange(shop, proposed, () => issueChunk(shop, proposed, 0))).toBe(
      'channel-not-open: the channel is PROPOSED',
    );
    const channel = await open(shop, 'bob');
    for (const state of ['SUSPENDED', 'CLOSING', 'CANCELLED', 'REFUSED', 'EXPIRED', 'SETTLED'] as const) {
      await shop.channels.change(channel.id, { states: [(await stored(shop, channel)).state] }, { state });
      expect(await refusalWithoutChange(shop, channel, () => issueChunk(shop, channel, 0))).toBe(
        `channel-not-open: the channel is ${state}`,
      );
    }
  });
});

describe('rule 19a: an unpaid chunk is a conditional write before its link', () => {
  test('rule 19a: it counts as delivered', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    await issueChunk(shop, channel, 0);
    expect(await stored(shop, channel)).toEqual({ ...channel, delivered: 1, unpaidLinks: 1 });
  });

  test('rule 19a: a write that fails presigns nothing', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const broken = {
      ...shop,
      channels: { ...shop.channels, change: () => Promise.reject(new Error('the line is cut')) },
    };
    await expect(issueChunk(broken, channel, 0)).rejects.toThrow('the line is cut');
    expect(shop.linked).toEqual([]);
  });

  test('rule 19a: a cancel between read and write wins, and nothing is delivered', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const rival = () => closeChannel(shop, channel);
    expect(await refusal(issueChunk(contested(shop, rival), channel, 0))).toBe(
      'channel-not-open: the channel is CANCELLED',
    );
    expect(await stored(shop, channel)).toMatchObject({ state: 'CANCELLED', delivered: 0 });
    expect(shop.linked).toEqual([]);
  });

  test('rule 19a: a payment between read and write makes it a paid chunk', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const rival = () => acceptCommitment(shop, channel, payment('alice', channel, 3));
    expect((await issueChunk(contested(shop, rival), channel, 0)).chunk).toBe(0);
    expect(await stored(shop, channel)).toMatchObject({ paid: 3, delivered: 4, unpaidLinks: 1 });
  });

  test('rule 19a: cancel or chunk, never both, fifty times over', async () => {
    const shop = await channelShop(tables());
    for (let round = 0; round < 5; round++) {
      const channel = await open(shop, `buyer ${round}`);
      const links = shop.linked.length;
      const attempts = Array.from({ length: 10 }, (_, index) =>
        index % 2 === round % 2 ? issueChunk(shop, channel, 0) : closeChannel(shop, channel),
      );
      await Promise.allSettled(attempts);
      const now = await stored(shop, channel);
      if (now.state === 'CANCELLED') {
        expect([now.delivered, shop.linked.length - links]).toEqual([0, 0]);
      } else {
        expect([now.state, now.delivered]).toEqual(['OPEN', 1]);
      }
    }
  });
});

describe('rule 19a: what is paid can be fetched again', () => {
  test.each(['OPEN', 'CLOSING', 'SETTLED', 'EXPIRED'] as const)('rule 19a: in state %s', async (state) => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    await shop.channels.change(channel.id, { states: ['OPEN'] }, { state });
    for (const chunk of [0, 1, 2]) {
      const link = await issueChunk(shop, await stored(shop, channel), chunk);
      expect(link.url).toContain(`/chunks/${chunk}?versionId=version-${chunk}&`);
    }
    // Fetching again delivers nothing new.
    expect(await stored(shop, channel)).toEqual({ ...channel, state });
  });

  test('rule 19a: not while SUSPENDED', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    await shop.channels.change(channel.id, { states: ['OPEN'] }, { state: 'SUSPENDED' });
    const suspended = await stored(shop, channel);
    expect(await refusalWithoutChange(shop, channel, () => issueChunk(shop, suspended, 0))).toBe(
      'channel-not-open: the channel is SUSPENDED',
    );
  });

  test('rule 19a: without the chain, and after the refund height', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    shop.chain.failing = true;
    shop.clock.advance(DAY);
    expect((await issueChunk(shop, channel, 2)).chunk).toBe(2);
  });
});

describe('rule 19b: links are counted', () => {
  test('rule 19b: eight while unpaid', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    for (let link = 0; link < 8; link++) await issueChunk(shop, channel, 0);
    expect(await refusalWithoutChange(shop, channel, () => issueChunk(shop, channel, 0))).toBe(
      'too-many-urls: chunk 0 was linked to as often as it may be',
    );
    shop.clock.advance(2 * DAY);
    shop.chain.tipTime = shop.clock.now() / 1000;
    expect(await refusal(issueChunk(shop, channel, 0))).toMatch(/^too-many-urls/);
  });

  test('rule 19b: eight also when fifty ask at once', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => issueChunk(shop, channel, 0)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    expect((await stored(shop, channel)).unpaidLinks).toBe(8);
    expect(shop.linked).toHaveLength(8);
  });

  test('rule 19b: twenty a day once paid, anew on the next day, each chunk by itself', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    for (let link = 0; link < 20; link++) await issueChunk(shop, channel, 0);
    expect(await refusalWithoutChange(shop, channel, () => issueChunk(shop, channel, 0))).toBe(
      'too-many-urls: chunk 0 was linked to as often as it may be',
    );
    expect((await issueChunk(shop, channel, 1)).chunk).toBe(1);
    const untilMidnight = DAY - (START % DAY);
    shop.clock.advance(untilMidnight - 1);
    expect(await refusal(issueChunk(shop, channel, 0))).toMatch(/^too-many-urls/);
    shop.clock.advance(1);
    expect((await issueChunk(shop, channel, 0)).chunk).toBe(0);
  });

  test('rule 19b: twenty also when fifty ask at once', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    const links = shop.linked.length;
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => issueChunk(shop, channel, 0)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    expect(shop.linked).toHaveLength(links + 20);
  });
});

describe('rule 20: the link', () => {
  test('rule 20: is never logged', async () => {
    const shop = await channelShop(tables());
    const channel = await open(shop, 'alice');
    await issueChunk(shop, channel, 0);
    await acceptCommitment(shop, channel, payment('alice', channel, 1));
    await closeChannel(shop, await stored(shop, channel));
    const log = JSON.stringify(shop.lines);
    expect(shop.lines.length).toBeGreaterThan(3);
    expect(log).not.toMatch(/https?:|bearer|objects\.example/);
    // Nor is any signature: 64 bytes in hex.
    expect(log).not.toMatch(/[0-9a-f]{128}/);
  });

  test('rule 20: of a chunk that the dataset has lost is a failure of the shop, not a refusal', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 3);
    const lost = { ...shop, chunks: { locate: () => Promise.resolve(undefined) } };
    await expect(issueChunk(lost, channel, 0)).rejects.toThrow(
      `dataset ${DATASET.manifest} has lost chunk 0`,
    );
  });
});

describe('rule 21: T_stopChunks', () => {
  test('rule 21: the last block before it gives the unpaid chunk out, the next one does not', async () => {
    const shop = await channelShop(tables());
    const channel = await openAndPaid(shop, 'alice', 1);
    const { stopChunks } = deadlines(channel, shop.policy);
    shop.clock.advance(60_001);
    shop.chain.setHeight(stopChunks - 1);
    expect((await issueChunk(shop, channel, 1)).chunk).toBe(1);
    shop.clock.advance(60_001);
    shop.chain.setHeight(stopChunks);
    expect(await refusalWithoutChange(shop, channel, () => issueChunk(shop, channel, 1))).toBe(
      'too-late: no unpaid chunk is given out this near to the refund height',
    );
    // What is paid for is another matter.
    expect((await issueChunk(shop, channel, 0)).chunk).toBe(0);
  });
});

test('rule 22b: a channel from before a restore gives out what is paid, and nothing else', async () => {
  const shop = await channelShop(tables());
  const channel = await openAndPaid(shop, 'alice', 1);
  const restored = { ...shop, policy: { ...shop.policy, restoredAt: channel.createdAt + 1 } };
  expect(await refusalWithoutChange(shop, channel, () => issueChunk(restored, channel, 1))).toBe(
    'channel-not-open: the shop was restored from a backup and settles the channel',
  );
  expect((await issueChunk(restored, channel, 0)).chunk).toBe(0);
});
