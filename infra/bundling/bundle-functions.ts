import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles functions as they are deployed, all at once: a tenth of the time that a bundler for each of them takes.
 * @param names `functions/<name>.ts` below the working folder
 * @param outdir gets `<name>/index.mjs` and its map
 */
export async function bundleFunctions(names: readonly string[], outdir: string): Promise<void> {
  // Lambda would run an older bundle under another extension before this one.
  await Promise.all(names.map((name) => rm(join(outdir, name), { recursive: true, force: true })));
  await build({
    entryPoints: Object.fromEntries(names.map((name) => [`${name}/index`, join('functions', `${name}.ts`)])),
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // Lambda imports what it runs, and Node first reads a CommonJS file through for its exports: 170 ms of CPU at each start.
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    // The CommonJS packages inside still ask for Node's own modules in their way.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    // The ES modules of packages that have them: those can be shaken.
    mainFields: ['module', 'main'],
    // With the SDK: the runtime's own is read file by file at a cold start, and changes under us.
    alias: {
      '@aws-sdk/credential-provider-node': join(process.cwd(), 'infra/bundling/lambda-credentials.ts'),
    },
    logLevel: 'warning',
  });
}
