import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Faucet, regtestFaucet } from '../../local/chain/faucet.ts';
import { environmentFile, readEnvironmentFile } from '../../shared/environment-file.ts';
import { startChild, stopChild } from './children.ts';

/** A shop in a process of its own. */
export interface BenchShop {
  readonly folder: string;
  readonly url: string;
  /** Its object store. */
  readonly store: {
    readonly url: string;
    readonly bucket: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  readonly payoutAddress: string;
  /** Of the node's RPC: holds a credential. */
  readonly chainUrl: string;
  readonly faucet: Faucet;
  stop(): Promise<void>;
}

/**
 * @param folder everything it keeps; found again by the next start
 * @param endpoint where its links lead, if not to its own object store
 */
export async function startBenchShop(folder: string, endpoint?: string): Promise<BenchShop> {
  const program = ['scripts/run.mjs', 'bench/transfer/shop-process.ts', folder];
  const args = endpoint ? [...program, endpoint] : program;
  const child = startChild(process.execPath, args, ['ignore', 'pipe', 'inherit']);
  if (!child.stdout) throw new Error('the shop has no pipe');
  const failed = once(child, 'close').then(() =>
    Promise.reject(new Error('the shop ended before it was ready')),
  );
  failed.catch(() => undefined);
  await Promise.race([once(createInterface({ input: child.stdout }), 'line'), failed]);
  const variables = await readEnvironmentFile(environmentFile(folder));
  const variable = (name: string) => {
    const value = variables[name];
    if (!value) throw new Error(`the shop says no ${name}`);
    return value;
  };
  return {
    folder,
    url: variable('SPILLWAY_SHOP_URL'),
    store: {
      url: variable('AWS_ENDPOINT_URL_S3'),
      bucket: variable('SPILLWAY_BUCKET'),
      region: variable('AWS_REGION'),
      accessKeyId: variable('AWS_ACCESS_KEY_ID'),
      secretAccessKey: variable('AWS_SECRET_ACCESS_KEY'),
    },
    payoutAddress: variable('SPILLWAY_PAYOUT_ADDRESS'),
    chainUrl: variable('SPILLWAY_CHAIN_URL'),
    faucet: regtestFaucet(variable('SPILLWAY_CHAIN_URL')),
    stop: () => stopChild(child),
  };
}
