import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Change, timesIn } from '../../test/attacks/defences/defence.ts';

/** The project in a folder of its own, where sources may be changed. */
export interface CopiedProject {
  readonly folder: string;
  /** What is wrong with a change; empty where its text is there once. */
  fault(change: Change): Promise<string[]>;
  /** Does the work with the changes made, and takes them back. */
  changed<Result>(changes: readonly Change[], work: () => Promise<Result>): Promise<Result>;
  remove(): void;
}

export async function copyProject(): Promise<CopiedProject> {
  // Where the folder for temporary files is a link, jest would take the two names for two projects.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'spillway-defences-')));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  await copyFiles(folder);

  const read = (file: string) => readFile(join(folder, file), 'utf8');
  const write = (file: string, text: string) => writeFile(join(folder, file), text);
  return {
    folder,
    remove,
    async fault(change) {
      const times = timesIn(await read(change.file), change);
      return times === 1 ? [] : [`${change.file} has ${times} times: ${change.find}`];
    },
    async changed(changes, work) {
      const before = new Map<string, string>();
      for (const { file } of changes) before.set(file, await read(file));
      try {
        for (const { file, find, replace } of changes) {
          // By a function, for a text may have what replace() takes for a pattern.
          await write(
            file,
            (await read(file)).replace(find, () => replace),
          );
        }
        return await work();
      } finally {
        for (const [file, text] of before) await write(file, text);
      }
    },
  };
}

/** What git has and what it would take: work that is not committed yet is tested as it stands. */
async function copyFiles(folder: string): Promise<void> {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  for (const name of listed.split('\0')) {
    if (name !== '' && existsSync(name)) await cp(name, join(folder, name));
  }
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await mkdir(temporaryFolder(folder));
}

/** The copy's own, so that what a test without its defence leaves behind, or writes where it should not, goes with the copy. */
export function temporaryFolder(folder: string): string {
  return join(folder, '.temporary');
}
