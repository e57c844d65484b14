import { acceptCommitment } from '../../../shared/channel/accept-commitment.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import { confirmFunding } from '../../../shared/channel/confirm-funding.ts';
import { cosignRefund } from '../../../shared/channel/cosign-refund.ts';
import { issueChunk } from '../../../shared/channel/issue-chunk.ts';
import { chunkObjects } from '../../../shared/store/chunk-objects.ts';
import { dynamoDatasets } from '../../../shared/store/dynamo-datasets.ts';
import { payment } from '../../support/channel-buyer.ts';
import { channelShop, DATASET, fund, open, propose, stored } from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();
const HOUR = 3_600_000;

test('rule 5: a dataset off sale takes nothing from whoever bought of it, or is buying', async () => {
  const shop = await channelShop(tables());
  const proposed = await propose(shop, 'bob');
  const channel = await open(shop, 'alice');
  await issueChunk(shop, channel, 0);
  await shop.datasets.takeOffSale(DATASET.manifest);
  shop.clock.advance(HOUR);

  // As a function sees it that starts only now.
  const cold = { ...shop, chunks: chunkObjects(dynamoDatasets(tables().client, shop.table)) };
  for (let k = 1; k < 12; k++) {
    const { next } = await acceptCommitment(cold, channel, payment('alice', channel, k));
    expect(next?.url).toContain(`datasets/${DATASET.folder}/chunks/${k}?versionId=version-${k}`);
  }
  await acceptCommitment(cold, channel, payment('alice', channel, 12));
  const complete = await stored(shop, channel);
  expect(complete.paid).toBe(12);
  expect((await closeChannel(cold, complete)).channel.state).toBe('CLOSING');
  expect((await issueChunk(cold, await stored(shop, channel), 3)).url).toContain('/chunks/3?');

  // The other's terms stand as well: its money may be on its way.
  const outpoint = fund(shop, proposed);
  await cosignRefund(cold, proposed, outpoint);
  shop.chain.mine(5);
  const { channel: opened } = await confirmFunding(cold, proposed, outpoint);
  expect(opened.state).toBe('OPEN');
  expect((await issueChunk(cold, opened, 0)).url).toContain('/chunks/0?');
});
