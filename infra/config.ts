import * as v from 'valibot';
import { chainAddresses, policyWith } from '../shared/config.ts';
import { NETWORK_NAMES, type NetworkName, scriptOfAddress } from '../shared/protocol/network.ts';
import { outputKind } from '../shared/protocol/script.ts';

/** What a seller writes into the `context` of cdk.json, validated before anything is made of it. */

/** A secret's or a key's name in AWS; the six characters at a secret's end are part of it. */
const SECRET_ARN =
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$/;
const CERTIFICATE_ARN = /^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate\/[0-9a-f-]+$/;

export interface InfraConfig {
  readonly network: NetworkName;
  /** Addresses without credentials as they stand, or the secret that holds them. */
  readonly chain: { readonly addresses: string } | { readonly secretArn: string };
  readonly payoutAddress: string;
  readonly sellerKey:
    | { readonly kind: 'kms' }
    | { readonly kind: 'secret'; readonly secretArn: string; readonly publicKey: string };
  /** JSON, as SPILLWAY_POLICY takes it. */
  readonly policy: string;
  readonly alarmEmail?: string;
  readonly domain?: { readonly name: string; readonly certificateArn: string };
}

const schema = v.object({
  network: v.picklist(NETWORK_NAMES, `must be one of ${NETWORK_NAMES.join(', ')}`),
  chain: v.string('must say where the shop sees the chain, e.g. "esplora+https://mempool.space/signet/api"'),
  payoutAddress: v.string('must be the address that settlements pay to'),
  sellerKey: v.string('must be "kms", or "secret:" and the ARN of a secret that holds the key'),
  sellerPublicKey: v.optional(
    v.pipe(
      v.string('must be text'),
      v.regex(/^0[23][0-9a-f]{64}$/, 'must be the 33 bytes of a compressed key in lower-case hex'),
    ),
  ),
  policy: v.optional(v.record(v.string(), v.unknown(), 'must be an object, e.g. {"waitForBatch": true}'), {}),
  alarmEmail: v.optional(
    v.pipe(v.string('must be text'), v.regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address')),
  ),
  domain: v.optional(
    v.strictObject(
      {
        name: v.pipe(v.string(), v.regex(/^([a-z0-9-]+\.)+[a-z]{2,}$/, 'must be a host name')),
        certificateArn: v.pipe(
          v.string(),
          v.regex(CERTIFICATE_ARN, 'must be the ARN of an ACM certificate in the region of the stack'),
        ),
      },
      'must be {"name": …, "certificateArn": …}',
    ),
  ),
});

/**
 * Reads the stack's configuration.
 * @param get one entry of the context, e.g. `app.node.tryGetContext`
 * @throws Error that names the entry, what is wrong, and where to put it right
 */
export function readInfraConfig(get: (name: string) => unknown): InfraConfig {
  const context = Object.fromEntries(Object.keys(schema.entries).map((name) => [name, get(name)]));
  const result = v.safeParse(schema, context);
  if (!result.success) {
    const [issue] = result.issues;
    throw wrong(v.getDotPath(issue) ?? 'context', issue.message);
  }
  const { network, payoutAddress, alarmEmail, domain } = result.output;
  requireAddress(payoutAddress, network);
  return {
    network,
    payoutAddress,
    chain: chainOf(result.output.chain),
    sellerKey: sellerKeyOf(result.output),
    policy: policyOf(result.output.policy),
    ...(alarmEmail !== undefined && { alarmEmail }),
    ...(domain && { domain }),
  };
}

function requireAddress(address: string, network: NetworkName): void {
  let script: Uint8Array;
  try {
    script = scriptOfAddress(address, network);
  } catch {
    throw wrong(
      'payoutAddress',
      `is no address on ${network}: take one from your own wallet on that network`,
    );
  }
  if (!outputKind(script)) throw wrong('payoutAddress', 'must be a P2WPKH, P2WSH or P2TR address');
}

function chainOf(text: string): InfraConfig['chain'] {
  if (text.startsWith('secret:')) return { secretArn: secretArn('chain', text) };
  const addresses = chainAddresses(text);
  if (!addresses) {
    throw wrong(
      'chain',
      'must be addresses separated by spaces, "esplora+https://host/path" or "https://host:port" of a Bitcoin Core, or "secret:" and the ARN of a secret that holds them',
    );
  }
  const hasCredentials = addresses.some((address) => {
    const { username, password, search } = new URL(address.replace(/^esplora\+/, ''));
    return username !== '' || password !== '' || search !== '';
  });
  // The template and the functions' settings are read by many.
  if (hasCredentials) {
    throw wrong(
      'chain',
      'holds credentials: put the addresses into a secret and write "secret:" and its ARN',
    );
  }
  return { addresses: addresses.join(' ') };
}

function sellerKeyOf({ sellerKey, sellerPublicKey }: v.InferOutput<typeof schema>): InfraConfig['sellerKey'] {
  if (sellerKey === 'kms') return { kind: 'kms' };
  if (!sellerKey.startsWith('secret:')) {
    throw wrong('sellerKey', 'must be "kms", or "secret:" and the ARN of a secret that holds the key');
  }
  // Functions that only tell the key, or compare it, never get to see the secret.
  if (sellerPublicKey === undefined) {
    throw wrong('sellerPublicKey', 'must be given with a secret: docs/deploy.md says how to compute it');
  }
  return { kind: 'secret', secretArn: secretArn('sellerKey', sellerKey), publicKey: sellerPublicKey };
}

function secretArn(name: string, text: string): string {
  const arn = text.slice('secret:'.length);
  if (!SECRET_ARN.test(arn)) {
    throw wrong(name, 'must hold the whole ARN of a secret, with the six characters at its end');
  }
  return arn;
}

function policyOf(policy: Record<string, unknown>): string {
  try {
    policyWith(policy);
  } catch (error) {
    throw wrong('policy', error instanceof Error ? error.message : String(error));
  }
  return JSON.stringify(policy);
}

function wrong(name: string, problem: string): Error {
  return new Error(`context "${name}" ${problem} (in cdk.json, or -c ${name}=… for the cdk command)`);
}
