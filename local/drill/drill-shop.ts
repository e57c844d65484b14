import { randomBytes } from 'node:crypto';
import { bytesToHex } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import type { Chain } from '../../shared/chain/chain.ts';
import { tipsOf } from '../../shared/chain/tips.ts';
import type { Shop } from '../../shared/channel/shop.ts';
import { type Policy, policyWith } from '../../shared/config.ts';
import type { JsonValue } from '../../shared/errors.ts';
import { URL_LIFETIME_SECONDS } from '../../shared/limits.ts';
import { seedSigner } from '../../shared/signer/seed-signer.ts';
import { chunkObjects } from '../../shared/store/chunk-objects.ts';
import type { Dataset } from '../../shared/store/dataset-record.ts';
import { dynamoChannels } from '../../shared/store/dynamo-channels.ts';
import { dynamoDatasets } from '../../shared/store/dynamo-datasets.ts';
import type { Stage } from './stage.ts';

export const PRICE_PER_CHUNK = 50_000n;
export const CHUNKS = 12;
const CHUNK_BYTES = 5_242_880;

/** Everything that makes a shop again in another process, or on another table. */
export interface ShopIdentity {
  readonly table: string;
  readonly sellerSecret: Uint8Array;
  readonly payoutScript: Uint8Array;
  readonly manifest: string;
}

export interface DrillShop extends Shop {
  readonly identity: ShopIdentity;
  readonly lines: { readonly event: string; readonly fields: Readonly<Record<string, JsonValue>> }[];
  /** Milliseconds to put its clock forward by. */
  pass(milliseconds: number): void;
}

/** The shop's real use cases on the drill's table and chain; only the objects themselves are not there. */
export async function openShop(
  stage: Stage,
  { chain = stage.chain, policy = {} }: { readonly chain?: Chain; readonly policy?: Partial<Policy> } = {},
): Promise<DrillShop> {
  const identity: ShopIdentity = {
    table: await stage.newTable(),
    sellerSecret: Uint8Array.from(randomBytes(32)),
    payoutScript: Uint8Array.of(0, 20, ...randomBytes(20)),
    manifest: bytesToHex(randomBytes(32)),
  };
  const shop = shopOf(stage, identity, { chain, policy });
  const datasets = dynamoDatasets(stage.tables.client, identity.table, shop.clock);
  await datasets.put(
    datasetOf(identity),
    Array.from({ length: CHUNKS }, (_, chunk) => `version-${chunk}`),
  );
  return shop;
}

/** Short lives, so that a drill mines hundreds of blocks and not thousands; every margin before L is the real one. */
const SHORT_LIVES = { minimumLifetime: 216, defaultLifetime: 240 };
/** More than the minute for which a tip is used again. */
const MS_PER_MINING = 61_000;

export function shopOf(
  stage: Pick<Stage, 'tables' | 'minings' | 'chain'>,
  identity: ShopIdentity,
  { chain = stage.chain, policy = {} }: { readonly chain?: Chain; readonly policy?: Partial<Policy> } = {},
): DrillShop {
  const { table, sellerSecret, payoutScript } = identity;
  const { client } = stage.tables;
  const opened = Date.now() - stage.minings() * MS_PER_MINING;
  let passed = 0;
  const clock = { now: () => opened + stage.minings() * MS_PER_MINING + passed };
  const lines: DrillShop['lines'] = [];
  const log: Shop['log'] = (event, fields) => lines.push({ event, fields });
  const datasets = dynamoDatasets(client, table, clock);
  return {
    network: 'regtest',
    policy: { ...policyWith(SHORT_LIVES), ...policy },
    payoutScript,
    channels: dynamoChannels(client, table),
    datasets,
    chunks: chunkObjects(datasets),
    links: {
      link: async (key, versionId) => ({
        url: `https://objects.invalid/${key}?versionId=${versionId}`,
        expiresAt: Math.floor(clock.now() / 1000) + URL_LIFETIME_SECONDS,
      }),
    },
    chain,
    tips: tipsOf(chain, clock, log),
    signer: seedSigner(sellerSecret),
    clock,
    log,
    identity,
    lines,
    pass(milliseconds) {
      passed += milliseconds;
    },
  };
}

export function sellerKey({ sellerSecret }: ShopIdentity): Uint8Array {
  return getPublicKey(sellerSecret, true);
}

function datasetOf({ manifest }: ShopIdentity): Dataset {
  return {
    manifest,
    folder: manifest.slice(0, 32),
    name: 'drill',
    description: '',
    licence: 'CC0-1.0',
    totalSize: CHUNKS * CHUNK_BYTES,
    chunkSize: CHUNK_BYTES,
    manifestSignature: '00'.repeat(64),
    manifestVersion: 'version',
    pricePerChunk: PRICE_PER_CHUNK,
  };
}
