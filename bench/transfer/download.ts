import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { startBenchShop } from './bench-shop.ts';
import { makeCertificates } from './certificates.ts';
import type { Defer } from './cleanup.ts';
import type { Contestant } from './contest.ts';
import { copyAndSync, downloadPeers, hashAndCopy } from './download-peers.ts';
import { freePort, startFront } from './front.ts';
import { spillwayBuy } from './spillway-buy.ts';
import { PEER_PATH, type Stage } from './stage.ts';

export interface Entrants {
  /** The first is the command as anybody runs it. */
  readonly ours: readonly Contestant[];
  readonly peers: readonly Contestant[];
  /** No peers, but what nobody can do with less: of the processor first, then of the disk. */
  readonly floors: readonly Contestant[];
}

/** The shop and nginx, as long as the benchmark lasts. */
export async function downloadEntrants(
  mode: 'plain' | 'tls',
  folder: string,
  stage: Stage,
  spillway: string,
  defer: Defer,
): Promise<Entrants> {
  await mkdir(folder);
  const certificates = mode === 'tls' ? makeCertificates(folder) : undefined;
  const port = await freePort();
  const endpoint = `${certificates ? 'https' : 'http'}://127.0.0.1:${port}`;
  const shop = await startBenchShop(stage.shopFolder, endpoint);
  defer(() => shop.stop());
  const front = await startFront({
    folder: join(folder, 'nginx'),
    root: stage.root,
    port,
    store: shop.store.url,
    ...(certificates && { certificates }),
  });
  defer(() => front.stop());
  const { authority } = certificates ?? {};
  const source = { url: `${endpoint}${PEER_PATH}`, path: stage.source, ...(authority && { authority }) };
  const sale = {
    spillway,
    shop,
    front,
    manifest: stage.manifest,
    chunks: stage.chunks,
    environment: authority ? { NODE_EXTRA_CA_CERTS: authority } : {},
    check: async (output: string) => {
      execFileSync('cmp', [stage.source, join(output, basename(stage.source))]);
    },
  };
  return {
    // Without an option the next chunk begins once the last is paid; with it, while it is being paid.
    ours: [[], ['--ahead', '1']].map((options) => spillwayBuy({ ...sale, options })),
    peers: downloadPeers(source),
    floors: [hashAndCopy(source), copyAndSync(source)],
  };
}
