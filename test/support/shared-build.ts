import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Tells the processes of one run of jest where its builds are. */
const VARIABLE = 'SPILLWAY_TEST_BUILDS';

/** Inside the project, for a build finds its packages from where it lies. */
export function makeBuildsFolder(): void {
  const cache = resolve('node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  process.env[VARIABLE] = mkdtempSync(join(cache, 'spillway-'));
}

export function removeBuildsFolder(): void {
  rmSync(buildsFolder(), { recursive: true, force: true });
}

/**
 * The command as it is shipped, built by the first test file of a run that asks for it.
 * @returns the build's folder, in which nobody may write
 */
export function builtCommandFolder(): string {
  const folder = join(buildsFolder(), 'command');
  if (existsSync(folder)) return folder;
  const own = mkdtempSync(join(buildsFolder(), 'own-'));
  const { status, stderr } = spawnSync(process.execPath, [resolve('scripts/build.mjs'), own]);
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
  try {
    renameSync(own, folder);
  } catch (error) {
    // Another file built it meanwhile.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function buildsFolder(): string {
  const folder = process.env[VARIABLE];
  if (!folder) throw new Error('whoever begins a run makes the folder: jest by its globalSetup');
  return folder;
}
