import { chmodSync, copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Builds the command and the demo into dist/, or the folder given: it must be inside the project, whose large
 * packages stay outside of the build. Code splitting keeps each command's code out of the others' start.
 */
const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const outdir = process.argv[2] ?? path('dist');
const ENTRIES = {
  spillway: path('client/cli/main.ts'),
  sdk: path('client/sdk/index.ts'),
  demo: path('local/demo.ts'),
  drill: path('local/drill.ts'),
  // Beside the parts: that is where the code lies that starts it.
  'parts/segment-worker': path('client/buyer/transfer/segment-worker.ts'),
};
const COMMANDS = ['spillway', 'demo', 'drill'];
if (process.argv.includes('--published')) for (const name of ['demo', 'drill']) delete ENTRIES[name];

const entryPoints = Object.fromEntries(Object.entries(ENTRIES).filter(([, file]) => existsSync(file)));
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints,
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Found, read and parsed one by one at every start, the packages of a purchase cost more than all of our own code.
  external: ['@aws-sdk/*', '@aws-lambda-powertools/*', 'commander', 'dynalite'],
  chunkNames: 'parts/[name]-[hash]',
  sourcemap: true,
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
});
// Pages lie beside the parts too. What a browser loads is whole: it has no packages.
await build({
  entryPoints: {
    page: path('client/console/page/console-page.ts'),
    'page-style': path('client/console/page/page.css'),
  },
  outdir: join(outdir, 'parts/console'),
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  logLevel: 'warning',
});
copyFileSync(path('client/console/page/index.html'), join(outdir, 'parts/console/index.html'));
for (const name of COMMANDS) if (entryPoints[name]) chmodSync(join(outdir, `${name}.js`), 0o755);

/** The storefront's files, which the commands put into a shop: named by their content, so that a browser keeps them for good. */
const SITE_ENTRIES = {
  style: 'client/storefront/storefront.css',
  purchase: 'client/storefront/purchase.ts',
  worker: 'client/buyer/browser/segment-worker.ts',
};
const site = join(outdir, 'parts', 'storefront');
const { metafile } = await build({
  entryPoints: Object.values(SITE_ENTRIES).map(path),
  outdir: site,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  entryNames: '[name]-[hash]',
  metafile: true,
  logLevel: 'warning',
});
const built = Object.entries(metafile.outputs);
const nameOf = (source) =>
  basename(built.find(([, { entryPoint }]) => entryPoint?.endsWith(source))?.[0] ?? '');
const names = Object.entries(SITE_ENTRIES).map(([use, source]) => [use, nameOf(source)]);
writeFileSync(join(site, 'assets.json'), JSON.stringify(Object.fromEntries(names)));
