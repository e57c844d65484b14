// Runs a TypeScript file: node scripts/run.mjs scripts/make-openapi.ts [arguments]
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [, , entry, ...rest] = process.argv;
const outfile = fileURLToPath(new URL(`../dist/.run-${process.pid}.mjs`, import.meta.url));
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
process.argv = [process.argv[0], entry, ...rest];
try {
  await import(outfile);
} finally {
  // A build that ran meanwhile may have emptied the folder.
  await rm(outfile, { force: true });
}
