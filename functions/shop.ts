import type { Chain } from '../shared/chain/chain.ts';
import { chainFrom } from '../shared/chain/chain-sources.ts';
import { deferredChain } from '../shared/chain/deferred-chain.ts';
import { tipsOf } from '../shared/chain/tips.ts';
import type { Shop } from '../shared/channel/shop.ts';
import { systemClock } from '../shared/clock.ts';
import { chainAddresses, readShopConfig, type ShopConfig } from '../shared/config.ts';
import { s3ObjectLinks } from '../shared/dataset/presigned-links.ts';
import { s3Client } from '../shared/dataset/s3-objects.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { scriptOfAddress } from '../shared/protocol/network.ts';
import { outputKind } from '../shared/protocol/script.ts';
import { readSecret } from '../shared/secrets.ts';
import { sellerSigner } from '../shared/signer/seller-signer.ts';
import { watchedSigner } from '../shared/signer/watched-signer.ts';
import { chunkObjects } from '../shared/store/chunk-objects.ts';
import { dynamoChannels } from '../shared/store/dynamo-channels.ts';
import { dynamoDatasets } from '../shared/store/dynamo-datasets.ts';
import { tableClient } from '../shared/store/table-client.ts';

let shop: Shop | undefined;

/** The shop of this process, put together from its environment at the first request and kept while the function is warm. */
export function theShop(): Shop {
  shop ??= buildShop();
  return shop;
}

function buildShop(): Shop {
  const config = readShopConfig(process.env);
  const table = tableClient();
  const datasets = dynamoDatasets(table, config.table, systemClock);
  const chain = chainOf(config);
  return {
    network: config.network,
    policy: config.policy,
    payoutScript: payoutScriptOf(config),
    channels: dynamoChannels(table, config.table),
    datasets,
    chunks: chunkObjects(datasets),
    links: s3ObjectLinks(s3Client(), config.bucket, systemClock),
    chain,
    tips: tipsOf(chain, systemClock, powertoolsLog),
    signer: watchedSigner(sellerSigner(config.sellerKey), powertoolsLog),
    clock: systemClock,
    log: powertoolsLog,
  };
}

function chainOf({ chainSources }: ShopConfig): Chain {
  if ('addresses' in chainSources) return chainFrom(chainSources.addresses, powertoolsLog);
  return deferredChain(async () => {
    const addresses = chainAddresses(await readSecret(chainSources.secretArn));
    if (!addresses) throw new Error('the secret holds no addresses of chain sources');
    return chainFrom(addresses, powertoolsLog);
  }, powertoolsLog);
}

/** Dust limits and sizes of settlements are known for these kinds alone. */
function payoutScriptOf({ payoutAddress, network }: ShopConfig): Uint8Array {
  const script = scriptOfAddress(payoutAddress, network);
  if (!outputKind(script)) throw new Error('SPILLWAY_PAYOUT_ADDRESS must be a P2WPKH, P2WSH or P2TR address');
  return script;
}
