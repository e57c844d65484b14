import { chmodSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Builds the command and, where it is, the demo into dist/. Code splitting keeps each command's code out of the others' start. */
const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const ENTRIES = { spillway: path('client/cli/main.ts'), demo: path('local/demo.ts') };

const entryPoints = Object.fromEntries(Object.entries(ENTRIES).filter(([, file]) => existsSync(file)));
rmSync(path('dist'), { recursive: true, force: true });
await build({
  entryPoints,
  outdir: path('dist'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  chunkNames: 'parts/[name]-[hash]',
  sourcemap: true,
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
});
for (const name of Object.keys(entryPoints)) chmodSync(path(`dist/${name}.js`), 0o755);
