import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Defer } from './cleanup.ts';

/** Inside the project, for a build finds its packages from where it lies; and not in dist/, which others build anew. */
const CACHE = join('node_modules', '.cache');

/** Builds the command as it is shipped. @returns the path of its program */
export async function buildSpillway(defer: Defer): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'spillway-bench-'));
  defer(() => rm(folder, { recursive: true, force: true }));
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.mjs', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
  return join(folder, 'spillway.js');
}
