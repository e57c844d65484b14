import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { tipsOf } from '../../shared/chain/tips.ts';
import { changeOf, channelAnswer, fundingAt } from '../../shared/channel/channel-facts.ts';
import type { Shop } from '../../shared/channel/shop.ts';
import { takePayment } from '../../shared/channel/take-payment.ts';
import { systemClock } from '../../shared/clock.ts';
import { policyWith } from '../../shared/config.ts';
import { s3ObjectLinks } from '../../shared/dataset/presigned-links.ts';
import { s3Client } from '../../shared/dataset/s3-objects.ts';
import { commitmentBody } from '../../shared/http/api.ts';
import { jsonAnswer } from '../../shared/http/api-answer.ts';
import { apiRequest, parseBody } from '../../shared/http/api-request.ts';
import { commitmentMessage } from '../../shared/protocol/commitment.ts';
import { verifyMessage, verifyWith } from '../../shared/protocol/signature.ts';
import { libsecp256k1 } from '../../shared/signer/libsecp256k1.ts';
import { seedSigner } from '../../shared/signer/seed-signer.ts';
import type { Channel } from '../../shared/store/channel-record.ts';
import { dynamoChannels } from '../../shared/store/dynamo-channels.ts';
import { dynamoDatasets } from '../../shared/store/dynamo-datasets.ts';
import { tableClient } from '../../shared/store/table-client.ts';
import { apiEvent } from '../../test/support/api-event.ts';
import { quietChain } from '../quiet-chain.ts';
import { type PayingChannel, SELLER_SECRET } from './channels.ts';

const WARM_UP = 500;
/** Payments before it is the turn of verification alone, so that a machine that drifts slows both. */
const TURN = 100;

export interface HandlerCpu {
  /** CPU, user and system, milliseconds a payment. */
  readonly payment: number;
  /** Of the check of its signature alone. */
  readonly verification: number;
}

/**
 * What the handler itself costs: the event read, the body parsed, the digest built, the signature verified, the change made (to a
 * record in memory in the table's place), the link presigned, the answer written.
 */
export async function handlerCpu(channel: PayingChannel): Promise<HandlerCpu> {
  // As the function does after its first two hundred.
  verifyWith(await libsecp256k1());
  const shop = memoryShop(channel.channel);
  const recent = new Map<string, Channel>();
  const find = () => shop.channels.get(channel.id).then((found) => found ?? channel.channel);
  const events = channel.signatures.map((signature, index) =>
    apiEvent({
      method: 'POST',
      path: `/channels/${channel.id}/commitments`,
      parameters: { channelId: channel.id },
      body: JSON.stringify({ k: index + 1, signature: bytesToHex(signature) }),
    }),
  );
  const spent = { payment: 0, verification: 0 };
  for (let from = 0; from < events.length; from += TURN) {
    const payment = await cpuMs(() => payAll(events.slice(from, from + TURN)));
    const verification = await cpuMs(() => verifyAll(channel, { from, to: from + TURN }));
    if (from < WARM_UP) continue;
    spent.payment += payment;
    spent.verification += verification;
  }
  const measured = events.length - WARM_UP;
  return { payment: spent.payment / measured, verification: spent.verification / measured };

  async function payAll(some: readonly APIGatewayProxyEventV2[]): Promise<void> {
    for (const event of some) await payOne(event);
  }

  async function payOne(event: APIGatewayProxyEventV2): Promise<void> {
    const request = apiRequest(event);
    const { k, signature } = parseBody(commitmentBody, request.body);
    const payment = { k, signature: hexToBytes(signature) };
    const accepted = await takePayment(shop, recent, { id: channel.id, find }, payment);
    jsonAnswer({ ...channelAnswer(accepted.channel, shop.policy), next: accepted.next });
  }
}

async function verifyAll(
  { channel, signatures }: PayingChannel,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  const { funding, channelKey, terms } = channel;
  if (!funding) throw new Error('the channel is funded');
  for (const [index, signature] of signatures.slice(from, to).entries()) {
    const left = changeOf(channel, from + index + 1);
    const message = commitmentMessage(fundingAt(channel, funding.outpoint), terms.changeScript, left);
    if (!verifyMessage(channelKey, message, signature)) throw new Error('a signature is not good');
  }
}

async function cpuMs(task: () => Promise<void>): Promise<number> {
  const began = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}

function memoryShop(first: Channel): Shop {
  let channel = first;
  const access = { region: 'us-east-1', credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' } };
  const table = tableClient(access);
  const chain = quietChain(1, new Uint8Array(0));
  const log = () => undefined;
  return {
    network: 'regtest',
    policy: policyWith(),
    payoutScript: new Uint8Array(0),
    channels: {
      ...dynamoChannels(table, 'nowhere'),
      get: async () => channel,
      change: async (_id, _expectation, { paid = 0, commitment, delivered = 0, unpaidLinks = 0 }) => {
        const changed = { paidBefore: channel.paid, paid, delivered, unpaidLinks };
        channel = { ...channel, ...changed, ...(commitment && { commitment }) };
        return channel;
      },
    },
    datasets: dynamoDatasets(table, 'nowhere'),
    chunks: {
      locate: async (_, chunk) => ({ key: `datasets/bench/chunks/${chunk}`, versionId: 'v'.repeat(32) }),
    },
    links: s3ObjectLinks(s3Client(access), 'datasets', systemClock),
    chain,
    tips: tipsOf(chain, systemClock, log),
    signer: seedSigner(SELLER_SECRET),
    clock: systemClock,
    log,
  };
}
