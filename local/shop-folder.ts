import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { environmentFile, formatEnvironment, readEnvironmentFile } from '../shared/environment-file.ts';
import { hexOf } from '../shared/protocol/terms.ts';

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));

/** What a local shop must find again after a restart: its key, the keys to its own servers, and where they listened. */
const stateSchema = v.strictObject({
  /** B's secret, and the key that settlements pay to. */
  sellerSecret: hexOf(32),
  payoutSecret: hexOf(32),
  accessKeyId: v.string(),
  secretAccessKey: v.string(),
  ports: v.strictObject({
    gateway: port,
    table: port,
    objects: port,
    // A browser keeps a buyer's money by the address of the page.
    pages: v.optional(port, 0),
    esplora: v.optional(port, 0),
  }),
});
export type ShopState = v.InferOutput<typeof stateSchema>;

/** Reads a shop's state, or makes up a new shop's. */
export async function readShopState(folder: string): Promise<ShopState> {
  const text = await readFile(join(folder, 'shop.json'), 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) return v.parse(stateSchema, JSON.parse(text));
  return {
    sellerSecret: randomBytes(32).toString('hex'),
    payoutSecret: randomBytes(32).toString('hex'),
    accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(24).toString('base64url'),
    ports: { gateway: 0, table: 0, objects: 0, pages: 0, esplora: 0 },
  };
}

/** Durable when it returns: a shop that lost its key could settle nothing. */
export async function writeShopState(folder: string, state: ShopState): Promise<void> {
  await writePrivate(join(folder, 'shop.json'), `${JSON.stringify(state, null, 2)}\n`);
}

/** What a running shop says of itself to the demo and to the commands on this machine. */
const variablesSchema = v.object({
  SPILLWAY_SHOP_URL: v.string(),
  SPILLWAY_CHAIN_URL: v.string(),
  SPILLWAY_CHAIN_KIND: v.picklist(['bitcoind', 'embedded']),
  SPILLWAY_PAYOUT_ADDRESS: v.string(),
});

export async function readShopVariables(folder: string): Promise<v.InferOutput<typeof variablesSchema>> {
  return v.parse(variablesSchema, await readEnvironmentFile(environmentFile(folder)));
}

/** The environment of the shop's functions as `KEY=VALUE` lines, for the seller's own commands. */
export async function writeShopEnvironment(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  await writePrivate(environmentFile(folder), formatEnvironment(environment));
}

async function writePrivate(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
