import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { bitcoindChain } from '../../shared/chain/bitcoind.ts';
import type { Chain } from '../../shared/chain/chain.ts';
import { hexOf } from '../../shared/protocol/terms.ts';
import { require } from './drill.ts';
import { type DrillShop, shopOf } from './drill-shop.ts';
import { runSchedule } from './passing-blocks.ts';
import type { Stage } from './stage.ts';

/** Where a run of the schedule is killed. */
export type Death = 'before-broadcast' | 'after-broadcast';

const VARIABLE = 'SPILLWAY_DYING_SWEEP';

const orderSchema = v.object({
  death: v.picklist(['before-broadcast', 'after-broadcast']),
  chainUrl: v.string(),
  tables: v.string(),
  table: v.string(),
  sellerSecret: hexOf(32),
  payoutScript: v.string(),
  manifest: v.string(),
});

/** Runs the schedule in a process of its own, which kills itself (SIGKILL) at its first broadcast. */
export async function sweepAndDie(stage: Stage, { identity }: DrillShop, death: Death): Promise<void> {
  const order: v.InferInput<typeof orderSchema> = {
    death,
    chainUrl: stage.url,
    tables: stage.tables.endpoint,
    table: identity.table,
    sellerSecret: bytesToHex(identity.sellerSecret),
    payoutScript: bytesToHex(identity.payoutScript),
    manifest: identity.manifest,
  };
  const [, program = ''] = process.argv;
  const child = spawn(process.execPath, [program, 'dying-sweep'], {
    stdio: 'inherit',
    env: { ...process.env, NODE_NO_WARNINGS: '1', [VARIABLE]: JSON.stringify(order) },
  });
  const [code, signal] = await once(child, 'exit');
  require(signal === 'SIGKILL', `the run died at its broadcast (it ended with ${code ?? signal})`);
}

/** What the child does. */
export async function dieSweeping(environment: NodeJS.ProcessEnv): Promise<void> {
  const order = v.parse(orderSchema, JSON.parse(environment[VARIABLE] ?? '{}'));
  const client = new DynamoDBClient({
    endpoint: order.tables,
    region: 'us-east-1',
    credentials: { accessKeyId: 'drill', secretAccessKey: 'drill' },
  });
  const source = bitcoindChain({ url: order.chainUrl });
  const chain: typeof source = { ...source, broadcast: dyingBroadcast(source, order.death) };
  const stage = { chain, tables: { endpoint: order.tables, client }, minings: () => 0 };
  const identity = {
    table: order.table,
    manifest: order.manifest,
    sellerSecret: hexToBytes(order.sellerSecret),
    payoutScript: hexToBytes(order.payoutScript),
  };
  await runSchedule(shopOf(stage, identity));
}

function dyingBroadcast(chain: Chain, death: Death): Chain['broadcast'] {
  return async (raw) => {
    if (death === 'after-broadcast') await chain.broadcast(raw);
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  };
}
