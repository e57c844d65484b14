import { stat } from 'node:fs/promises';
import { readSellerConfig, type SellerConfig } from '../../shared/config.ts';
import { environmentFile, readEnvironmentFile } from '../../shared/environment-file.ts';
import { parseSite, type Site } from '../../shared/pages/site.ts';
import { SellerError } from './seller-error.ts';
import { readStackOutputs } from './stack-outputs.ts';

/** Where a shop is, and with whose rights it is worked on. */
export interface ShopAccess {
  readonly config: SellerConfig;
  /** What the AWS clients, which read the environment themselves, must find there; undefined is taken out of it. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Its pages; a local shop that never opened them has none. */
  readonly site?: Site;
  /** The local shop's own folder. */
  readonly folder?: string;
}

/** Each of them would come in the way of the identity that is wanted. */
const NO_OTHER_IDENTITY = {
  AWS_PROFILE: undefined,
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
};

/**
 * Finds a shop by the folder of a local one, or by the outputs file of a deployed stack.
 * @param profile of the AWS configuration, for a deployed one; by default whatever identity the environment gives
 * @throws SellerError usage where it is neither
 */
export async function findShop(path: string, profile?: string): Promise<ShopAccess> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    const next = 'Give the folder of a local shop, or the file that `npx cdk deploy --outputs-file` wrote.';
    throw new SellerError('usage', `${path} is not there.`, next, error);
  });
  return stats.isDirectory() ? localShop(path, profile) : deployedShop(path, profile);
}

async function localShop(folder: string, profile: string | undefined): Promise<ShopAccess> {
  if (profile !== undefined) {
    throw new SellerError('usage', 'A local shop has keys of its own.', 'Leave --profile out.');
  }
  const variables = await readEnvironmentFile(environmentFile(folder)).catch((error: unknown) => {
    throw unusable(error, `\`spillway shop dev --folder ${folder}\` makes a shop there.`);
  });
  const aws = Object.entries(variables).filter(([name]) => name.startsWith('AWS_'));
  const { SPILLWAY_STOREFRONT } = variables;
  return {
    config: configOf(variables, folder),
    variables: { ...NO_OTHER_IDENTITY, ...Object.fromEntries(aws) },
    ...(SPILLWAY_STOREFRONT !== undefined && { site: siteOf(SPILLWAY_STOREFRONT, folder) }),
    folder,
  };
}

async function deployedShop(file: string, profile: string | undefined): Promise<ShopAccess> {
  const outputs = await readStackOutputs(file);
  const variables = {
    SPILLWAY_NETWORK: outputs.Network,
    SPILLWAY_TABLE: outputs.TableName,
    SPILLWAY_BUCKET: outputs.BucketName,
    SPILLWAY_SELLER_KEY: outputs.SellerKeyVariable,
    SPILLWAY_PAYOUT_ADDRESS: outputs.PayoutAddress,
    SPILLWAY_POLICY: outputs.Policy,
  };
  const config = configOf(variables, file);
  const identity = profile === undefined ? {} : { ...NO_OTHER_IDENTITY, AWS_PROFILE: profile };
  const site = siteOf(outputs.Storefront, file);
  return { config, variables: { ...identity, AWS_REGION: outputs.Region }, site };
}

function configOf(variables: Readonly<Record<string, string>>, path: string): SellerConfig {
  try {
    return readSellerConfig(variables);
  } catch (error) {
    throw unusable(error, `Check ${path}, or have it written again.`);
  }
}

function siteOf(text: string, path: string): Site {
  try {
    return parseSite(text);
  } catch (error) {
    throw unusable(error, `Check ${path}, or have it written again.`);
  }
}

function unusable(error: unknown, next: string): unknown {
  return error instanceof Error ? new SellerError('usage', error.message, next, error) : error;
}
