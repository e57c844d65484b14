import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { bytesToHex } from '@noble/hashes/utils.js';
import { handler as settleChannels } from '../../functions/settle-channels.ts';
import { FUNCTION_GRANTS, type FunctionName } from '../../infra/constructs/function-grants.ts';
import { ROUTES, type RouteName } from '../../shared/http/routes.ts';
import { DUE_INDEX } from '../../shared/store/table.ts';
import { payment } from '../support/channel-buyer.ts';
import { DATASET } from '../support/channel-shop.ts';
import { bodyOf, functionShop, secretFor, termsOf } from '../support/function-shop.ts';
import type { CallParts } from '../support/route-event.ts';

/** What the functions ask of the table when they run, held against what they are granted: neither less nor more. */

const { call, opened, proposed } = functionShop();
const asked = new Map<FunctionName, Set<string>>();
let running: FunctionName | undefined;

beforeAll(() => {
  const { send } = DynamoDBClient.prototype;
  jest.spyOn(DynamoDBClient.prototype, 'send').mockImplementation(function (
    this: DynamoDBClient,
    ...parameters: unknown[]
  ) {
    const [command] = parameters as [{ constructor: { name: string }; input: { IndexName?: string } }];
    const action = command.constructor.name.replace(/Command$/, '');
    const { IndexName } = command.input;
    if (running) asked.get(running)?.add(IndexName === undefined ? action : `${action} ${IndexName}`);
    return Reflect.apply(send, this, parameters);
  });
});

async function recorded<Answer>(name: FunctionName, run: () => Promise<Answer>): Promise<Answer> {
  if (!asked.has(name)) asked.set(name, new Set());
  running = name;
  try {
    return await run();
  } finally {
    running = undefined;
  }
}

async function recordedCall(route: RouteName, parts: CallParts, status: number): Promise<void> {
  const answer = await recorded(ROUTES[route].functionName, () => call(route, parts));
  expect([route, answer.statusCode]).toEqual([route, status]);
}

beforeAll(async () => {
  await recordedCall('getShop', {}, 200);
  await recordedCall('listDatasets', {}, 200);
  await recordedCall('getDataset', { parameters: { manifest: DATASET.manifest } }, 200);
  const terms = termsOf('opener');
  await recordedCall('openChannel', { body: bodyOf(terms), sign: secretFor('opener', terms) }, 200);

  const refunded = await proposed('refunded');
  const own = { parameters: { channelId: refunded.channel.id }, sign: refunded.secret };
  const body = JSON.stringify({ outpoint: { txid: '56'.repeat(32), vout: 0 } });
  await recordedCall('cosignRefund', { ...own, body }, 200);
  await recordedCall('confirmFunding', { ...own, body }, 409);

  const { channel, secret } = await opened('payer');
  const parameters = { channelId: channel.id };
  await recordedCall('issueChunk', { parameters: { ...parameters, chunk: '0' }, sign: secret }, 200);
  for (const k of [1, 2]) {
    const signature = bytesToHex(payment('payer', channel, k).signature);
    await recordedCall('acceptCommitment', { parameters, body: JSON.stringify({ k, signature }) }, 200);
  }
  await recordedCall('issueChunk', { parameters: { ...parameters, chunk: '0' }, sign: secret }, 200);
  await recordedCall('getChannel', { parameters, sign: secret }, 200);
  await recordedCall('closeChannel', { parameters, sign: secret }, 200);
  // Paid for whole, it is due with the next run.
  const complete = (await opened('complete')).channel;
  const last = { k: 12, signature: bytesToHex(payment('complete', complete, 12).signature) };
  await recordedCall(
    'acceptCommitment',
    { parameters: { channelId: complete.id }, body: JSON.stringify(last) },
    200,
  );
  await recorded('settle-channels', () => settleChannels({}, { getRemainingTimeInMillis: () => 60_000 }));
});

/** Granted, and not reached here: the fundings of these channels are on no chain. */
const NOT_REACHED: Partial<Record<FunctionName, readonly string[]>> = {
  'confirm-funding': ['UpdateItem'],
  'close-channel': ['PutItem'],
};

test.each(Object.entries(FUNCTION_GRANTS))('%s', (name, { table, ...grants }) => {
  const granted = [...table, ...('dueIndex' in grants ? [`Query ${DUE_INDEX}`] : [])];
  const reached = [...(asked.get(name as FunctionName) ?? ['nothing was recorded'])];
  expect([...reached, ...(NOT_REACHED[name as FunctionName] ?? [])].sort()).toEqual(granted.sort());
});
