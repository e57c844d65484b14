import { channelAnswer } from '../../../shared/channel/channel-facts.ts';
import { datasetAnswer } from '../../../shared/channel/dataset-answer.ts';
import { deadlineAlarm, isUnsettled } from '../../../shared/channel/unsettled.ts';
import { policyWith } from '../../../shared/config.ts';
import { CHANNEL_STATES } from '../../../shared/http/api.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import { CHUNK, channelShop, DATASET, propose } from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
const proposed = async () => propose(await channelShop(tables()), 'alice');

test('the catalogue shows a dataset with its number of chunks, and not where it lies', () => {
  expect(datasetAnswer(DATASET)).toEqual({
    manifest: DATASET.manifest,
    name: 'weather',
    description: '',
    licence: 'CC0-1.0',
    totalSize: 11 * CHUNK + CHUNK / 2,
    chunkSize: CHUNK,
    chunks: 12,
    pricePerChunk: 5_000n,
  });
});

test('a channel is answered with funding and spend once there are some', async () => {
  const channel = await proposed();
  const outpoint = { txid: '11'.repeat(32), vout: 1 };
  const funding = { outpoint, height: 1_001, blockHash: '22'.repeat(32) };
  const spend = { txid: '33'.repeat(32), height: 1_100 };
  const before = channelAnswer(channel, policyWith());
  expect(Object.keys(before)).not.toEqual(expect.arrayContaining(['funding']));
  expect(Object.keys(before)).not.toEqual(expect.arrayContaining(['spend']));
  expect(channelAnswer({ ...channel, funding, spend }, policyWith())).toEqual({ ...before, funding, spend });
});

test('unsettled is what was paid, is in no block and has not ended', async () => {
  const channel = await proposed();
  const unsettled = (change: Partial<Channel>) => isUnsettled({ ...channel, paid: 1, ...change });
  expect(CHANNEL_STATES.filter((state) => unsettled({ state }))).toEqual(['OPEN', 'SUSPENDED', 'CLOSING']);
  const state = 'CLOSING';
  expect(unsettled({ state, paid: 0 })).toBe(false);
  expect(unsettled({ state, spend: { txid: '33'.repeat(32) } })).toBe(true);
  expect(unsettled({ state, spend: { txid: '33'.repeat(32), height: 1_100 } })).toBe(false);
});

test('the alarm begins at the same part of whatever the shop keeps to settle in', () => {
  expect([144, 72, 145, 36].map(deadlineAlarm)).toEqual([100, 50, 100, 25]);
});
