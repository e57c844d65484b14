import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A package that comes along where Spillway runs, as it lies in node_modules. */
export interface RuntimePackage {
  readonly name: string;
  readonly version: string;
  /** Asked for in package.json, or by something that is. */
  readonly isDirect: boolean;
  /** SPDX, as the package itself says; empty where it says nothing. */
  readonly licence: string;
  /** Bytes of its files, without packages inside of it. */
  readonly size: number;
  /** npm would run something of its when it installs it. */
  readonly hasInstallScript: boolean;
  readonly folder: string;
}

/** What may be given on to others with nothing but its notice kept. */
export const PERMISSIVE: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
]);

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/**
 * All packages that `npm ci --omit=dev` installs on this platform, by name.
 * @throws Error where one is not installed that is not optional
 */
export function runtimePackages(root: string): readonly RuntimePackage[] {
  const lock: { readonly packages: Readonly<Record<string, LockedPackage>> } = readJson(
    join(root, 'package-lock.json'),
  );
  const direct = new Set(Object.keys(readJson<Manifest>(join(root, 'package.json')).dependencies ?? {}));
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .filter(([path, { optional }]) => existsSync(join(root, path)) || !optional)
    .map(([path]) => installed(join(root, path), direct.has(path.slice('node_modules/'.length))))
    .sort((one, other) => one.name.localeCompare(other.name));
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  /** An object in packages from before SPDX. */
  readonly license?: string | { readonly type: string };
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function installed(folder: string, isDirect: boolean): RuntimePackage {
  const { name, version, license = '', scripts = {} } = readJson<Manifest>(join(folder, 'package.json'));
  const runs = ['preinstall', 'install', 'postinstall'].some((step) => scripts[step] !== undefined);
  return {
    name,
    version,
    isDirect,
    licence: typeof license === 'string' ? license : license.type,
    size: sizeOf(folder),
    // npm compiles a package that has a binding.gyp, whatever its scripts say.
    hasInstallScript: runs || existsSync(join(folder, 'binding.gyp')),
    folder,
  };
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== 'node_modules')
    .map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? sizeOf(path) : statSync(path).size;
    })
    .reduce((sum, size) => sum + size, 0);
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8'));
}
