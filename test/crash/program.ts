import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { build } from 'esbuild';

/** What a started program has in place of this process's own. */
export interface Surroundings {
  readonly fetch: typeof globalThis.fetch;
  readonly environment?: Readonly<Record<string, string>>;
  /** Modules by name, in place of the real ones. */
  readonly modules: Readonly<Record<string, unknown>>;
}

/** A program of ours that can be started again and again: each time its modules begin anew, and remember nothing. */
export type Program<Exports> = (surroundings: Surroundings) => Exports;

/** No process has such a number (Linux's most is 4,194,304): whoever looks for it sees that it is gone. */
const FIRST_PID = 5_000_000;

/** Packages that keep nothing of a purchase: they are loaded once. */
const SHARED = ['@aws-sdk/*', '@aws-lambda-powertools/*', '@noble/*', '@scure/*', 'bitcoinjs-lib', 'valibot'];

/**
 * Bundles a module with all that is ours, and leaves packages outside.
 * @param entry from the project's root
 */
export async function buildProgram<Exports>(entry: string): Promise<Program<Exports>> {
  const { outputFiles } = await build({
    entryPoints: [resolve(entry)],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: SHARED,
    logLevel: 'error',
  });
  const names = ['require', 'module', 'exports', 'process', 'fetch', 'globalThis'];
  const run = new Function(...names, outputFiles[0]?.text ?? '');
  const require = createRequire(resolve('package.json'));
  let started = 0;
  return ({ fetch, environment = {}, modules }) => {
    const module = { exports: {} };
    const pid = FIRST_PID + started++;
    const itself = Object.create(process, {
      pid: { value: pid },
      env: { value: { ...process.env, ...environment } },
    });
    const outside = Object.create(globalThis, { fetch: { value: fetch } });
    const load = (name: string): unknown => (name in modules ? modules[name] : require(name));
    run(load, module, module.exports, itself, fetch, outside);
    return module.exports as Exports;
  };
}
