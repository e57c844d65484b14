import fs from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Mortal } from './mortal.ts';
import { type UnsafeDisk, unsafeDisk } from './unsafe-disk.ts';

/** What a process has in place of `node:fs` and `node:fs/promises`. */
export interface MortalDisk {
  readonly modules: Readonly<Record<'node:fs' | 'node:fs/promises', unknown>>;
  /** Closes what the process left open, as the system does. */
  release(): Promise<void>;
  /** Takes away what was never synced, as a power cut may. */
  cutPower(): void;
}

type Method = (...parameters: never[]) => Promise<unknown>;

/** Steps on what is open: each changes the disk, or makes a change last. */
const HANDLE_STEPS = ['appendFile', 'writeFile', 'write', 'truncate', 'sync', 'datasync'];

/**
 * The disk for a process: everything that changes it is a durable step, but for the bytes of the dataset, which come in pieces
 * of any size; of those, whatever is not synced yet may be missing after a power cut.
 */
export function mortalDisk(process: Mortal): MortalDisk {
  const unsafe = unsafeDisk();
  const left = new Set<FileHandle>();
  return {
    modules: {
      'node:fs/promises': replaced(promises, asynchronous(process, unsafe, left)),
      'node:fs': replaced(fs, synchronous(process, unsafe)),
    },
    async release() {
      // One that is closed already says so.
      await Promise.all([...left].map((handle) => handle.close().catch(() => undefined)));
    },
    cutPower: () => unsafe.cutPower(),
  };
}

function asynchronous(process: Mortal, unsafe: UnsafeDisk, left: Set<FileHandle>): Record<string, Method> {
  const step = (name: string, path: string, effect: () => Promise<unknown>, half?: () => Promise<unknown>) =>
    process.step(`${name} ${shortened(path)}`, effect, half);
  const methods: Record<string, Method> = {
    async open(path: string, flags: string | number = 'r', mode?: number) {
      return process.alive(async () => {
        if (!isFolder(path)) unsafe.touch(path);
        const handle = await promises.open(path, flags, mode);
        left.add(handle);
        return mortalHandle(process, unsafe, handle, fs.realpathSync(path));
      });
    },
    rename: (from: string, to: string) =>
      step('rename to', to, async () => {
        unsafe.rename(from, to);
        await promises.rename(from, to);
      }),
    writeFile: (path: string, ...rest: [string]) =>
      step('writeFile', path, () => {
        unsafe.touch(path);
        return promises.writeFile(path, ...rest);
      }),
    mkdir: (path: string, ...rest: []) => step('mkdir', path, () => promises.mkdir(path, ...rest)),
    rmdir: (path: string) => step('rmdir', path, () => promises.rmdir(path)),
    rm: (path: string, ...rest: []) =>
      step('rm', path, () => {
        if (!isFolder(path)) unsafe.touch(path);
        return promises.rm(path, ...rest);
      }),
  };
  for (const name of ['readFile', 'readdir', 'lstat', 'stat', 'realpath', 'statfs'] as const) {
    const read = promises[name] as Method;
    methods[name] = (...parameters) => process.alive(() => read(...parameters));
  }
  return methods;
}

function mortalHandle(process: Mortal, unsafe: UnsafeDisk, handle: FileHandle, path: string): FileHandle {
  const ofFolder = isFolder(path);
  /** Noted instead of made: the power cut is not real either, and takes away all that was not noted. */
  const sync = async () => (ofFolder ? unsafe.syncFolder(path) : unsafe.syncFile(path));
  return new Proxy(handle, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as Method;
      if (!HANDLE_STEPS.includes(String(name)))
        return (...parameters: never[]) => process.alive(() => method(...parameters));
      return (...parameters: never[]) => {
        const [data] = parameters as unknown[];
        const half =
          typeof data === 'string'
            ? () => method(...([data.slice(0, data.length >> 1)] as never[]))
            : undefined;
        const isSync = name === 'sync' || name === 'datasync';
        const effect = isSync ? sync : () => method(...parameters);
        return process.step(`${String(name)} ${shortened(path)}`, effect, half);
      };
    },
  });
}

/** A segment's writer waits for the disk and cannot be left hanging: for it the disk is gone. */
function synchronous(
  process: Mortal,
  unsafe: UnsafeDisk,
): Record<string, (...parameters: never[]) => unknown> {
  const living = <Parameters extends unknown[], Result>(call: (...parameters: Parameters) => Result) => {
    return (...parameters: Parameters): Result => {
      if (process.isDead()) throw new Error('this process is dead');
      return call(...parameters);
    };
  };
  return {
    openSync: living((path: string, flags: number, mode?: number) => {
      unsafe.touch(path);
      return fs.openSync(path, flags, mode);
    }),
    write: living(fs.write as (...parameters: unknown[]) => unknown),
    writeSync: living(fs.writeSync as (...parameters: unknown[]) => unknown),
    ftruncateSync: living(fs.ftruncateSync as (...parameters: unknown[]) => unknown),
    mkdirSync: living(fs.mkdirSync as (...parameters: unknown[]) => unknown),
  };
}

function isFolder(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function replaced(module: object, methods: Readonly<Record<string, unknown>>): unknown {
  return new Proxy(module, {
    get: (target, name) => methods[String(name)] ?? Reflect.get(target, name),
  });
}

/** The end of a path says what a step is about; random parts and places of this run do not. */
function shortened(path: string): string {
  const [name = ''] = path.split('/').slice(-1);
  const folder = dirname(path).split('/').at(-1) ?? '';
  return `${folder}/${name}`.replaceAll(/[0-9a-f]{12,}/g, '*');
}
