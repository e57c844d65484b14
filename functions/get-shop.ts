import { bytesToHex } from '@noble/hashes/utils.js';
import { lifetimesAt } from '../shared/channel/lifetimes.ts';
import { minimumFirstPrice } from '../shared/channel/open-channel.ts';
import type { ShopAnswer } from '../shared/http/api.ts';
import { PROTOCOL } from '../shared/protocol/terms.ts';
import { apiHandler } from './handler.ts';

export const handler = apiHandler(async (_, shop): Promise<ShopAnswer> => {
  const { policy } = shop;
  const [tip, sellerKey] = await Promise.all([shop.tips.fresh(), shop.signer.publicKey()]);
  const lifetimes = lifetimesAt(tip.height, policy);
  return {
    protocol: PROTOCOL,
    network: shop.network,
    sellerKey: bytesToHex(sellerKey),
    tip: { height: tip.height, hash: tip.hash },
    policy: {
      minimumLifetime: lifetimes.minimum,
      defaultLifetime: lifetimes.default,
      maximumLifetime: lifetimes.maximum,
      minimumLifeAtFunding: policy.minimumLifeAtFunding,
      stopChunks: policy.stopChunks,
      stopPayments: policy.stopPayments,
      close: policy.close,
      minimumCapacity: policy.minimumCapacity,
      maximumCapacity: policy.maximumCapacity,
      minimumFirstPrice: minimumFirstPrice(shop),
      creditMinimumChunks: policy.creditMinimumChunks,
      commitmentLimit: policy.commitmentLimit,
    },
  };
});
