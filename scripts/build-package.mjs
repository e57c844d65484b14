import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Builds all that is published into dist/, or the folder given: the command and the SDK on Node, the SDK for pages, its types. */
const root = fileURLToPath(new URL('..', import.meta.url));
const dist = process.argv[2] ?? join(root, 'dist');
const run = (script, ...parameters) => {
  execFileSync(process.execPath, [join(root, script), ...parameters], { cwd: root, stdio: 'inherit' });
};

rmSync(dist, { recursive: true, force: true });
run('scripts/build.mjs', dist, '--published');
// A page's bundler makes one program of this and the page's own code; the worker is loaded by its address.
await build({
  entryPoints: {
    sdk: join(root, 'client/sdk/browser.ts'),
    'segment-worker': join(root, 'client/buyer/browser/segment-worker.ts'),
  },
  outdir: join(dist, 'browser'),
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  logLevel: 'warning',
});
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json', '--outDir', join(dist, 'types'));
