import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import * as v from 'valibot';
import { bitcoindChain } from '../../shared/chain/bitcoind.ts';
import { type NodeCall, nodeCaller } from '../../shared/chain/bitcoind-rpc.ts';
import type { WalletChain } from '../../shared/chain/chain.ts';
import { addressOfScript } from '../../shared/protocol/network.ts';
import { type Faucet, regtestFaucet } from '../chain/faucet.ts';
import { type LocalChain, startChain } from '../chain/start-chain.ts';
import { listenOnLoopback } from '../listen.ts';
import { makeTable } from '../table-server.ts';

/** Where drills are held: one chain and one table server for all of them, a table for each. */
export interface Stage {
  readonly kind: LocalChain['kind'];
  /** Of the node's RPC, credentials included. */
  readonly url: string;
  readonly call: NodeCall;
  readonly chain: WalletChain;
  readonly faucet: Faucet;
  readonly tables: { readonly endpoint: string; readonly client: DynamoDBClient };
  newTable(): Promise<string>;
  height(): Promise<number>;
  /** Mines blocks with everything that waits. */
  mine(blocks: number): Promise<void>;
  /** Mines blocks that hold nothing: no miner takes what waits. */
  mineEmpty(blocks: number): Promise<void>;
  /** A reorganisation takes the last blocks; what they held waits again. */
  takeBack(blocks: number): Promise<void>;
  /** How often blocks were mined: drills' clocks go by it. */
  minings(): number;
  stop(): Promise<void>;
}

const CALL_TIMEOUT_MS = 60_000;
/** Enough for every drill's money; after 150 blocks the rewards of a regtest chain begin to halve. */
const FIRST_BLOCKS = 130;

export async function openStage(folder: string, kind?: LocalChain['kind']): Promise<Stage> {
  const local = await startChain({ dataFolder: join(folder, 'chain'), ...(kind && { kind }) });
  const tableServer = await listenOnLoopback(dynalite({ createTableMs: 0 }), 0);
  const client = new DynamoDBClient({
    endpoint: tableServer.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'drill', secretAccessKey: 'drill' },
  });
  const call = nodeCaller({ url: local.url, fetch: globalThis.fetch, retries: 2 });
  const faucet = regtestFaucet(local.url);
  await faucet.mine(FIRST_BLOCKS);
  let minings = 0;
  let tables = 0;

  const height = () => call(v.number(), CALL_TIMEOUT_MS, 'getblockcount');
  return {
    kind: local.kind,
    url: local.url,
    call,
    chain: bitcoindChain({ url: local.url }),
    faucet,
    tables: { endpoint: tableServer.url, client },
    async newTable() {
      const name = `drill-${tables++}`;
      await makeTable(client, name);
      return name;
    },
    height,
    async mine(blocks) {
      minings += 1;
      await faucet.mine(blocks, minersAddress());
    },
    async mineEmpty(blocks) {
      minings += 1;
      for (let block = 0; block < blocks; block++) {
        await call(v.unknown(), CALL_TIMEOUT_MS, 'generateblock', minersAddress(), []);
      }
    },
    async takeBack(blocks) {
      const first = (await height()) - blocks + 1;
      const hash = await call(v.string(), CALL_TIMEOUT_MS, 'getblockhash', first);
      await call(v.unknown(), CALL_TIMEOUT_MS, 'invalidateblock', hash);
    },
    minings: () => minings,
    async stop() {
      client.destroy();
      await tableServer.stop();
      await local.stop();
    },
  };
}

/** Another one for every block: a block mined again after a reorganisation must not be the one that was taken away. */
function minersAddress(): string {
  return addressOfScript(Uint8Array.of(0, 20, ...randomBytes(20)), 'regtest');
}
