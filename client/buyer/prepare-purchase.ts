import { hexToBytes } from '@noble/hashes/utils.js';
import { segmentCount } from '../../shared/dataset/layout.ts';
import type { Manifest } from '../../shared/dataset/manifest.ts';
import { pathProblem } from '../../shared/dataset/paths.ts';
import type { ShopAnswer } from '../../shared/http/api.ts';
import type { NetworkName } from '../../shared/protocol/network.ts';
import { chunkSizeAt } from '../../shared/protocol/price.ts';
import { noteAsked } from './asked-parts.ts';
import type { Buyer, BuyLimits, Purchase, PurchaseEvent } from './buyer-context.ts';
import { channelCosts } from './channel-costs.ts';
import { checkManifest, checkOffer, checkPrice } from './checks.ts';
import { aheadFor, chunksAtOnce } from './chunk-window.ts';
import { BuyerError, isProblem } from './errors.ts';
import type { ExternalWallet } from './external-wallet.ts';
import { strikeLostChunks } from './fetch-chunk.ts';
import { fetchManifest, findDataset } from './find-dataset.ts';
import { creditFor, runsOf } from './open-channel.ts';
import { newProgress } from './progress.ts';
import { openPurchase, type PurchaseJournal, purchaseId } from './purchase-journal.ts';
import { type PurchasePlan, purchasePlan } from './purchase-plan.ts';
import { type Selection, selectFiles } from './selection.ts';
import { type ShopClient, shopClient } from './shop-client.ts';
import { openWallet } from './wallet.ts';

/** What a person asks for. */
export interface BuyRequest {
  readonly shopUrl: string;
  /** A dataset's id or its name. */
  readonly dataset: string;
  /** Where the files go; by default a folder of the dataset's name. */
  readonly output?: string;
  /** Files and folders of the dataset; by default all of it. */
  readonly only?: readonly string[];
  readonly limits?: BuyLimits;
  readonly connections?: number;
  /** Bytes a second. */
  readonly limitRate?: number;
  /** Wait for a deposit that is needed (default), or for the settlement to be in a block. */
  readonly wait?: { readonly deposit?: boolean; readonly settlement?: boolean };
  /** Who pays the fundings, instead of this program's wallet. */
  readonly externalWallet?: (network: NetworkName) => ExternalWallet;
  /** Asked once, before anything is bound; false ends the purchase. */
  readonly confirm?: (plan: PurchasePlan) => Promise<boolean>;
  /** Waited for each time before a funding is sent: its refund is signed and kept, so a recovery file brings all money back. */
  readonly beforeFunding?: () => Promise<void>;
}

/** S3 gives about 85 MiB/s a connection; more than these and throughput falls again. */
const CONNECTIONS = 8;

/** A few seconds' worth. */
const FIRST_CONTACT_RETRIES = 2;

/** Finds the dataset, checks its manifest, and opens the purchase's journal: a new one, or that of the same command before. */
export async function preparePurchase(
  buyer: Buyer,
  request: BuyRequest,
  report: (event: PurchaseEvent) => void,
): Promise<Purchase> {
  const contact = {
    url: request.shopUrl,
    clock: buyer.clock,
    fetch: buyer.fetch,
    ...(buyer.signal && { signal: buyer.signal }),
  };
  // Nothing is at stake yet, so a wrong address is told soon.
  const retries = Math.min(buyer.retry.retries, FIRST_CONTACT_RETRIES);
  const policy = await shopClient({ ...contact, retry: { ...buyer.retry, retries } }).shop();
  const shop = shopClient({ ...contact, retry: buyer.retry });
  const { manifestId, name } = await findDataset(shop, request.dataset);
  const output = buyer.outputs.resolve(request.output ?? folderFor(name, manifestId));
  const journal = await openPurchase(buyer.home, purchaseId(policy.sellerKey, manifestId, output));
  try {
    const found = await loadPlan(buyer, request, { shop, policy, journal, manifestId, output });
    const { manifest, selection } = found;
    const files = await buyer.outputs.open(output, { manifest, manifestId, selection });
    const connections = request.connections ?? CONNECTIONS;
    await strikeLostChunks({ manifest, journal, files });
    const purchase: Purchase = {
      buyer,
      limits: request.limits ?? {},
      wait: { deposit: request.wait?.deposit ?? true },
      beforeFunding: request.beforeFunding ?? (async () => undefined),
      wallet: await openWallet(buyer.home, policy.network),
      ...(request.externalWallet && { externalWallet: request.externalWallet(policy.network) }),
      shop,
      journal,
      manifestId,
      sellerKey: hexToBytes(policy.sellerKey),
      files,
      pool: buyer.outputs.transfers({ connections, limitRate: request.limitRate }),
      policy,
      commitmentLimit: policy.policy.commitmentLimit,
      chunksAtOnce: chunksAtOnce(connections, segmentCount(manifest, 0)),
      progress: newProgress(manifest, selection, journal.state().verified),
      report,
      ...found,
    };
    await checkFreeSpace(purchase);
    return purchase;
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** The folder for a dataset where none is named: its name, where that can be one. */
export function folderFor(name: string, manifestId: string): string {
  return name.includes('/') || pathProblem(name) ? manifestId.slice(0, 16) : name;
}

interface PlanContext {
  readonly shop: ShopClient;
  readonly policy: ShopAnswer;
  readonly journal: PurchaseJournal;
  readonly manifestId: string;
  readonly output: string;
}

async function loadPlan(
  buyer: Buyer,
  request: BuyRequest,
  context: PlanContext,
): Promise<Pick<Purchase, 'manifest' | 'dataHost' | 'offeredPrice' | 'selection'>> {
  const { shop, policy, journal, manifestId, output } = context;
  const sellerKey = hexToBytes(policy.sellerKey);
  const { plan } = journal.state();
  // A dataset that is no longer sold can still be finished: the manifest is here and what is paid is owed.
  const offer = await shop.dataset(manifestId).catch((error: unknown) => {
    if (plan && isProblem(error, 'not-found')) return undefined;
    throw error;
  });
  const dataHost = offer ? new URL(offer.manifestUrl).host : (plan?.dataHost ?? '');
  const offeredPrice = offer?.pricePerChunk;
  const stored = plan && (await journal.readManifest());
  const found = (manifest: Manifest, selection: Selection) => ({
    manifest,
    dataHost,
    offeredPrice,
    selection,
  });
  if (plan && stored) {
    const manifest = checkManifest(stored, manifestId, sellerKey, plan.manifestSignature);
    const selection = selectFiles(manifest, request.only);
    await noteAsked({ journal, outputs: buyer.outputs }, manifest, output, request.only);
    return found(manifest, selection);
  }
  if (!offer) throw new BuyerError('usage', 'The shop does not sell this dataset.');
  const bytes = await fetchManifest(buyer, offer.manifestUrl);
  const manifest = checkManifest(bytes, manifestId, sellerKey, offer.manifestSignature);
  checkOffer(offer, manifest);
  const selection = selectFiles(manifest, request.only);
  await journal.writeManifest(bytes);
  if (plan) return found(manifest, selection);
  const { pricePerChunk } = offer;
  const runs = await runsOf({ journal, manifest, selection, buyer }, pricePerChunk, policy);
  const credit = creditFor(runs[0]?.first ?? 0, undefined, manifest.chunks.length, policy);
  const ahead = aheadFor(request.limits?.ahead, credit);
  const limits = request.limits ?? {};
  const costs = await channelCosts(buyer, { manifest, runs, pricePerChunk, policy: policy.policy, limits });
  const wish = purchasePlan({ name: manifest.name, manifest, selection, runs, pricePerChunk, ahead, costs });
  checkPrice(wish.price, request.limits?.maxPrice);
  const wanted = manifest.files.filter((_, file) => selection.isWanted(file));
  await buyer.outputs.refuseOverwriting(output, wanted);
  if (request.confirm && !(await request.confirm(wish))) {
    throw new BuyerError('usage', 'Not bought.', { next: 'Nothing was bound and nothing was paid.' });
  }
  await noteAsked({ journal, outputs: buyer.outputs }, manifest, output, request.only);
  await journal.append({
    v: 1,
    record: 'planned',
    shop: shop.url,
    network: policy.network,
    sellerKey: policy.sellerKey,
    manifest: manifestId,
    name: manifest.name,
    output,
    dataHost,
    manifestSignature: offer.manifestSignature,
  });
  return found(manifest, selection);
}

async function checkFreeSpace({ files, manifest, journal, selection }: Purchase): Promise<void> {
  const free = await files.freeBytes();
  const { verified } = journal.state();
  const missing = selection.chunks.filter((chunk) => !verified.has(chunk));
  const needed = missing.reduce((sum, chunk) => sum + chunkSizeAt(manifest, chunk), 0);
  if (free >= needed) return;
  throw new BuyerError('disk', `${files.output} has ${free} bytes free, ${needed} are needed.`, {
    next: 'Make room, or choose another folder with --output.',
  });
}
