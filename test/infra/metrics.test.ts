import { quorumChain } from '../../shared/chain/quorum.ts';
import { acceptCommitment } from '../../shared/channel/accept-commitment.ts';
import { closeChannel } from '../../shared/channel/close-channel.ts';
import { confirmFunding } from '../../shared/channel/confirm-funding.ts';
import { openChannel } from '../../shared/channel/open-channel.ts';
import { sweep } from '../../shared/channel/sweep.ts';
import { METRICS, type MetricName } from '../../shared/metrics.ts';
import { powertoolsLog } from '../../shared/powertools-log.ts';
import { watchedSigner } from '../../shared/signer/watched-signer.ts';
import type { Channel } from '../../shared/store/channel-record.ts';
import { askedByAlarm, askedByWidget, namedMetric, widgetsOf } from '../support/asked-metrics.ts';
import { scriptedSource } from '../support/chain-sources.ts';
import { fundingScriptOf, payment } from '../support/channel-buyer.ts';
import {
  CHUNK,
  type ChannelShop,
  channelShop,
  fund,
  open,
  openAndPaid,
  propose,
} from '../support/channel-shop.ts';
import { type Measured, measuredIn, printedLines } from '../support/printed-lines.ts';
import { synthesise } from '../support/stack-template.ts';
import { tableServer } from '../support/table-server.ts';

/** What the shop prints when it runs, held against what alarms and dashboard ask for: neither more nor less. */

const NAMESPACE = 'Spillway/Shop';
const tables = tableServer();
const printed = printedLines();
const template = synthesise();

beforeAll(() => {
  process.env.POWERTOOLS_METRICS_NAMESPACE = NAMESPACE;
});

async function shopThatPrints(): Promise<ChannelShop> {
  return { ...(await channelShop(tables())), log: powertoolsLog };
}

/** What is printed while something runs. */
async function measured(run: () => Promise<unknown>): Promise<readonly Measured[]> {
  const before = printed.length;
  await run();
  return measuredIn(printed.slice(before));
}

/** What only its version is looked at of: B's settlements are of version 3, what A can broadcast is not. */
const SETTLEMENT_SPEND = `03000000${'00'.repeat(20)}`;
const BUYER_SPEND = `02000000${'00'.repeat(20)}`;

function outpointOf({ funding }: Channel) {
  if (!funding) throw new Error('the channel has a funding');
  return funding.outpoint;
}

const valuesOf = (measurements: readonly Measured[], name: MetricName) =>
  measurements.filter((each) => each.name === name).map(({ value }) => value);

describe('what is printed', () => {
  test('a sale: chunks, satoshis and bytes of each payment, to the last short chunk', async () => {
    const shop = await shopThatPrints();
    const channel = await open(shop, 'alice');
    const found = await measured(async () => {
      const third = await acceptCommitment(shop, channel, payment('alice', channel, 3));
      const last = await acceptCommitment(shop, third.channel, payment('alice', channel, 12));
      // Sent again, it is no second sale.
      await acceptCommitment(shop, last.channel, payment('alice', channel, 12));
    });
    expect(valuesOf(found, 'ChunksSold')).toEqual([3, 9]);
    expect(valuesOf(found, 'SatoshisEarned')).toEqual([15_000, 42_500]);
    expect(valuesOf(found, 'BytesPaid')).toEqual([3 * CHUNK, 8.5 * CHUNK]);
  });

  test('a channel from its proposal to its settlement, once a state', async () => {
    const shop = await shopThatPrints();
    const found = await measured(async () => {
      const channel = await openAndPaid(shop, 'alice', 12);
      await openChannel(shop, channel.terms);
      await sweep(shop);
      shop.chain.spendBy(outpointOf(channel), SETTLEMENT_SPEND, '88'.repeat(32));
      shop.chain.mine(5);
      await sweep(shop);
    });
    expect(found.filter(({ name }) => name.startsWith('Channels')).map(({ name }) => name)).toEqual([
      'ChannelsProposed',
      'ChannelsOpened',
      'ChannelsClosing',
      'ChannelsSettled',
    ]);
  });

  test('a channel without a sale: cancelled, refused or expired', async () => {
    const shop = await shopThatPrints();
    const cancelled = await open(shop, 'canceller');
    expect(valuesOf(await measured(() => closeChannel(shop, cancelled)), 'ChannelsCancelled')).toEqual([1]);
    const refused = await propose(shop, 'late');
    shop.chain.setHeight(refused.terms.refundHeight - 215);
    const late = await measured(() => confirmFunding(shop, refused, fund(shop, refused)));
    expect(valuesOf(late, 'ChannelsRefused')).toEqual([1]);
    const unfunded = await propose(shop, 'unfunded');
    const waiting = shop.chain.fund(fundingScriptOf(unfunded), unfunded.terms.capacity, { confirmed: false });
    await confirmFunding(shop, unfunded, waiting);
    shop.chain.setHeight(unfunded.terms.refundHeight + 144);
    expect(valuesOf(await measured(() => sweep(shop)), 'ChannelsExpired')).toEqual([1]);
  });

  test('a refund that was seen ends a channel, a reorganisation suspends it', async () => {
    const shop = await shopThatPrints();
    const refunded = await openAndPaid(shop, 'alice', 2);
    shop.chain.setHeight(refunded.terms.refundHeight);
    shop.chain.spendBy(outpointOf(refunded), BUYER_SPEND, '66'.repeat(32));
    shop.chain.mine(5);
    const ended = await measured(() => sweep(shop));
    expect(valuesOf(ended, 'ChannelsExpired')).toEqual([1]);
    // The line that the buyer took what was paid for is one that somebody must read.
    expect(valuesOf(ended, 'AlarmLines')).toEqual([1]);

    const young = await propose(shop, 'bob');
    const { channel } = await confirmFunding(shop, young, fund(shop, young));
    shop.chain.reorgFrom(channel.funding?.height ?? 0);
    shop.chain.mine(1);
    expect(valuesOf(await measured(() => sweep(shop)), 'ChannelsSuspended')).toEqual([1]);
  });

  test('a run of the schedule: that it was, how long after the one before, and that it sold nothing', async () => {
    const shop = await shopThatPrints();
    const first = await measured(() => sweep(shop));
    expect(first.map(({ name }) => name)).toEqual(['SweepsDone', 'BytesPaid']);
    shop.clock.advance(61_000);
    const second = await measured(() => sweep(shop));
    expect(valuesOf(second, 'SweepAge')).toEqual([61]);
    expect(valuesOf(second, 'BytesPaid')).toEqual([0]);
  });

  test('blocks to the nearest deadline: of what is paid, to be settled and in no block', async () => {
    const shop = await shopThatPrints();
    const near = await openAndPaid(shop, 'near', 2);
    await openAndPaid(shop, 'far', 2, { refundHeight: shop.chain.height() + 1_200 });
    await open(shop, 'unpaid', { refundHeight: near.terms.refundHeight - 50 });
    const blocks = async (height: number) => {
      shop.chain.setHeight(height);
      return valuesOf(await measured(() => sweep(shop)), 'BlocksToDeadline');
    };
    const { refundHeight } = near.terms;
    expect(await blocks(refundHeight - 145)).toEqual([]);
    expect(await blocks(refundHeight - 144)).toEqual([144]);
    expect(await blocks(refundHeight - 99)).toEqual([99]);
    shop.chain.spendBy(outpointOf(near), SETTLEMENT_SPEND, '88'.repeat(32));
    await sweep(shop);
    // Known to be in a block it is no longer waited for.
    expect(await blocks(refundHeight - 96)).toEqual([]);
  });

  test('a key that cannot be used', async () => {
    const shop = await shopThatPrints();
    const signer = watchedSigner(
      { publicKey: shop.signer.publicKey, sign: () => Promise.reject(new Error('KMSInvalidStateException')) },
      powertoolsLog,
    );
    const channel = await open(shop, 'canceller');
    const found = await measured(() =>
      expect(closeChannel({ ...shop, signer }, channel)).rejects.toThrow('KMSInvalidStateException'),
    );
    expect(valuesOf(found, 'SignerFailures')).toEqual([1]);
    expect(valuesOf(found, 'AlarmLines')).toEqual([]);
  });

  test('chain sources that disagree, and what they disagree on without a doubt alone', async () => {
    const tipAt = (height: number) => ({ tip: async () => ({ height, hash: '', time: 0 }) });
    const quorumOf = (heights: number[]) =>
      quorumChain({
        sources: heights.map((height) => ({ name: `${height}`, chain: scriptedSource(tipAt(height)) })),
        log: powertoolsLog,
      });
    expect(valuesOf(await measured(() => quorumOf([7, 10]).tip()), 'ChainDisagreements')).toEqual([1]);
    expect(await measured(() => quorumOf([8, 10]).tip())).toEqual([]);
  });
});

test('every function prints into the namespace of its stack', () => {
  const functions = template.ofType('AWS::Lambda::Function');
  expect(functions).toHaveLength(11);
  for (const { Properties } of functions) {
    expect(Properties.Environment.Variables.POWERTOOLS_METRICS_NAMESPACE).toBe(NAMESPACE);
  }
});

describe('what alarms and dashboard ask for', () => {
  const alarms = template.ofType('AWS::CloudWatch::Alarm');
  const byAlarms = alarms.flatMap(({ Properties }) => askedByAlarm(template, Properties));
  const drawn = widgetsOf(template).flatMap(askedByWidget);
  const ownOf = (asked: readonly string[]) =>
    [...new Set(asked)].filter((each) => each.startsWith(`${NAMESPACE} `)).sort();
  /** Counted in the gateway's log, where no function sees the request. */
  const filtered = template
    .ofType('AWS::Logs::MetricFilter')
    .flatMap(({ Properties }) => Properties.MetricTransformations)
    .map(({ MetricNamespace, MetricName }) => namedMetric(MetricNamespace, MetricName, []));

  test('is printed, by that name, in that namespace, with those dimensions', () => {
    const found = new Set(
      measuredIn(printed).flatMap(({ namespace, name, dimensions }) =>
        dimensions.map((each) => namedMetric(namespace, name, Object.entries(each))),
      ),
    );
    expect([...found, ...filtered].sort()).toEqual(ownOf(drawn));
    for (const asked of ownOf(byAlarms)) expect(ownOf(drawn)).toContain(asked);
  });

  test('is in the table of metrics, in its unit, and the table names nothing else', () => {
    const units = new Map(measuredIn(printed).map(({ name, unit }) => [name, unit]));
    expect(Object.fromEntries(units)).toEqual(METRICS);
  });

  test('is, besides, what AWS counts of the stack’s own resources', () => {
    const foreign = [...new Set([...byAlarms, ...drawn])].filter((each) => !each.startsWith(`${NAMESPACE} `));
    expect(foreign.sort()).toEqual([
      'AWS/ApiGateway 5xx ApiId=Api/Api',
      'AWS/ApiGateway Count ApiId=Api/Api',
      'AWS/ApiGateway Latency ApiId=Api/Api',
      'AWS/DynamoDB ReadThrottleEvents TableName=Table/Table',
      'AWS/DynamoDB WriteThrottleEvents TableName=Table/Table',
      'AWS/Lambda Errors FunctionName=settle-channels/Function',
      'AWS/Lambda Throttles FunctionName=settle-channels/Function',
      'AWS/S3 BytesDownloaded BucketName=Datasets/Bucket FilterId=EntireBucket',
      'AWS/SQS ApproximateNumberOfMessagesVisible QueueName=Schedule/Failures',
    ]);
    // S3 counts requests only where it is told to.
    expect(template.named('Datasets/Bucket').Properties.MetricsConfigurations).toEqual([
      { Id: 'EntireBucket' },
    ]);
  });
});
