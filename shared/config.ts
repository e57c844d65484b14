import * as v from 'valibot';
import { LOCKTIME_THRESHOLD, MAX_SATOSHIS } from './limits.ts';

/** The environment of a shop, validated once where a process starts. Heights and lifetimes are blocks, money is satoshis. */

const blocks = (fallback: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(LOCKTIME_THRESHOLD - 1)), fallback);
const satoshis = (fallback: bigint) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(/^(0|[1-9][0-9]{0,15})$/),
      v.transform((text): bigint => BigInt(text)),
      v.maxValue(MAX_SATOSHIS),
    ),
    fallback.toString(),
  );

/** The seller's choices, each with the default and reason of docs/protocol.md section 8. */
const policySchema = v.pipe(
  v.strictObject({
    minimumLifetime: blocks(288),
    defaultLifetime: blocks(1_008),
    maximumLifetime: blocks(2_016),
    minimumLifeAtFunding: blocks(216),
    /** How long before the refund height the shop stops unpaid chunks, stops payments, settles. */
    stopChunks: blocks(156),
    stopPayments: blocks(150),
    close: blocks(144),
    minimumCapacity: satoshis(1_000n),
    maximumCapacity: satoshis(100_000_000n),
    /** Capacities above it wait for three confirmations at least. */
    threeConfirmationsAbove: satoshis(1_000_000n),
    /** From this capacity on six confirmations; in between the depth grows in proportion (LND's confscale). */
    sixConfirmationsFrom: satoshis(100_000_000n),
    /** Satoshis per 1,000 vB at which the first chunk's price must still pay for its settlement. */
    stressFeeRate: satoshis(5_000n),
    creditMinimumChunks: blocks(8),
    /** Complete channels wait until T_close for others to share a settlement with; otherwise they settle with the next run. */
    waitForBatch: v.optional(v.boolean(), false),
    commitmentLimit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)), 64),
    /**
     * When the table was restored from a backup, milliseconds since the epoch and height: channels from before it are settled
     * and never cancelled, and no terms are taken that may be from before it.
     */
    restoredAt: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    restoredHeight: blocks(0),
  }),
  v.check(
    (policy) =>
      policy.close < policy.stopPayments &&
      policy.stopPayments < policy.stopChunks &&
      policy.stopChunks < policy.minimumLifeAtFunding &&
      policy.minimumLifeAtFunding <= policy.minimumLifetime &&
      policy.minimumLifetime <= policy.defaultLifetime &&
      policy.defaultLifetime <= policy.maximumLifetime,
    'must be in order: close < stopPayments < stopChunks < minimumLifeAtFunding <= minimumLifetime <= defaultLifetime <= maximumLifetime',
  ),
  v.check(
    (policy) => policy.restoredAt > 0 === policy.restoredHeight > 0,
    'must have both restoredAt and restoredHeight, or neither',
  ),
);

export type Policy = v.InferOutput<typeof policySchema>;

/** Where B's key is: exactly one of the two is set. */
const sellerKeyEntries = {
  /** `kms:` or `secret:` and an ARN, or `public:` and 33 bytes in hex where nothing is signed. */
  SPILLWAY_SELLER_KEY: v.optional(
    v.pipe(v.string(), v.regex(/^(kms:arn:[^\s]{1,500}|secret:arn:[^\s]{1,500}|public:0[23][0-9a-f]{64})$/)),
  ),
  /** The secret itself, 32 bytes in hex: for a shop on one machine. */
  SPILLWAY_SELLER_SECRET: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
};

const environmentSchema = v.object({
  SPILLWAY_NETWORK: v.picklist(['mainnet', 'testnet4', 'signet', 'regtest']),
  SPILLWAY_TABLE: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]{3,255}$/)),
  SPILLWAY_BUCKET: v.pipe(v.string(), v.regex(/^[a-z0-9.-]{3,63}$/)),
  /**
   * Chain sources, separated by spaces: http://user:password@host:port is Bitcoin Core, esplora+https://host/path an Esplora.
   * Or `secret:` and the ARN of the secret that holds them.
   */
  SPILLWAY_CHAIN_URL: v.pipe(
    v.string(),
    v.check((text) => chainSources(text) !== undefined, 'must be addresses of chain sources'),
    v.transform((text): ChainSources => chainSources(text) ?? { addresses: [] }),
  ),
  ...sellerKeyEntries,
  SPILLWAY_PAYOUT_ADDRESS: v.pipe(v.string(), v.minLength(14), v.maxLength(90)),
  /** The policy as a JSON object; what it does not name keeps its default. */
  SPILLWAY_POLICY: v.optional(
    v.pipe(
      v.string(),
      v.rawTransform(({ dataset, addIssue, NEVER }) => {
        try {
          return JSON.parse(dataset.value) as unknown;
        } catch {
          addIssue({ message: 'must be a JSON object' });
          return NEVER;
        }
      }),
      policySchema,
    ),
    '{}',
  ),
});

/** The addresses hold credentials: not for logs. */
export type ChainSources = { readonly addresses: readonly string[] } | { readonly secretArn: string };

export type SellerKey =
  | { readonly kind: 'kms' | 'secret'; readonly arn: string }
  /** 33 bytes, hex: known, but not to be signed with. */
  | { readonly kind: 'public'; readonly publicKey: string }
  | { readonly kind: 'plain'; readonly secret: string };

export interface ShopConfig {
  readonly network: 'mainnet' | 'testnet4' | 'signet' | 'regtest';
  readonly table: string;
  readonly bucket: string;
  readonly chainSources: ChainSources;
  readonly sellerKey: SellerKey;
  readonly payoutAddress: string;
  readonly policy: Policy;
}

/**
 * Reads a shop's configuration.
 * @throws Error that names the variable and what is wrong with it, never its value
 */
export function readShopConfig(environment: Readonly<Record<string, string | undefined>>): ShopConfig {
  const variables = parseEnvironment(environmentSchema, environment);
  return { ...sellerConfigOf(variables), chainSources: variables.SPILLWAY_CHAIN_URL };
}

/** What the seller's own tasks need of it: no chain; the payout because least prices depend on it. */
export type SellerConfig = Omit<ShopConfig, 'chainSources'>;

const sellerEnvironmentSchema = v.omit(environmentSchema, ['SPILLWAY_CHAIN_URL']);

/**
 * Reads the part of a shop's configuration that the seller's own tasks need.
 * @throws Error as `readShopConfig` does
 */
export function readSellerConfig(environment: Readonly<Record<string, string | undefined>>): SellerConfig {
  return sellerConfigOf(parseEnvironment(sellerEnvironmentSchema, environment));
}

function sellerConfigOf(variables: v.InferOutput<typeof sellerEnvironmentSchema>): SellerConfig {
  return {
    network: variables.SPILLWAY_NETWORK,
    table: variables.SPILLWAY_TABLE,
    bucket: variables.SPILLWAY_BUCKET,
    sellerKey: sellerKeyOf(variables),
    payoutAddress: variables.SPILLWAY_PAYOUT_ADDRESS,
    policy: variables.SPILLWAY_POLICY,
  };
}

function sellerKeyOf(variables: {
  readonly SPILLWAY_SELLER_KEY?: string | undefined;
  readonly SPILLWAY_SELLER_SECRET?: string | undefined;
}): SellerKey {
  const { SPILLWAY_SELLER_KEY: key, SPILLWAY_SELLER_SECRET: secret } = variables;
  if (key === undefined && secret !== undefined) return { kind: 'plain', secret };
  if (key === undefined || secret !== undefined) {
    throw new Error(
      'SPILLWAY_SELLER_SECRET is missing or not valid: exactly one of it and SPILLWAY_SELLER_KEY is set',
    );
  }
  const [kind, value] = splitAtColon(key);
  return kind === 'public'
    ? { kind, publicKey: value }
    : { kind: kind === 'kms' ? 'kms' : 'secret', arn: value };
}

function splitAtColon(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function chainSources(text: string): ChainSources | undefined {
  const [, secretArn] = /^secret:(arn:\S{1,500})$/.exec(text) ?? [];
  if (secretArn !== undefined) return { secretArn };
  const addresses = chainAddresses(text);
  return addresses && { addresses };
}

function parseEnvironment<Schema extends v.GenericSchema>(
  schema: Schema,
  environment: Readonly<Record<string, string | undefined>>,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, environment);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? 'the environment';
  // valibot quotes what it received, which may be a secret.
  throw new Error(
    `${path} is missing or not valid: ${path.startsWith('SPILLWAY_POLICY') ? issue.message : (issue.expected ?? issue.type)}`,
  );
}

/** Addresses of chain sources, separated by spaces; undefined where there is none, or one that is not of the two forms. */
export function chainAddresses(text: string): readonly string[] | undefined {
  const addresses = text.split(/\s+/).filter((address) => address !== '');
  const areAll = addresses.every(
    (address) => /^(esplora\+)?https?:\/\//.test(address) && URL.canParse(address),
  );
  return addresses.length > 0 && areAll ? addresses : undefined;
}

/** The policy with every default, changed where `overrides` says so. */
export function policyWith(overrides: v.InferInput<typeof policySchema> = {}): Policy {
  return v.parse(policySchema, overrides);
}
