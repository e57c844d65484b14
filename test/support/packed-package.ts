import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');

/** The package as it is published, installed into a project that has nothing else but what the package asks for. */
export interface PackedPackage {
  /** Paths in the tarball. */
  readonly paths: readonly string[];
  /** The project's folder. */
  readonly project: string;
  /** Compiles a TypeScript file of the project, strictly, its types checked to the bottom. @throws with what the compiler says */
  compile(file: string): Promise<void>;
  remove(): void;
}

export async function packPackage(): Promise<PackedPackage> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-package-'));
  const source = join(folder, 'source');
  mkdirSync(source);
  for (const name of ['package.json', 'README.md', 'LICENSE', 'docs']) {
    cpSync(join(root, name), join(source, name), { recursive: true });
  }
  await run(process.execPath, [join(root, 'scripts/build-package.mjs'), join(source, 'dist')]);
  // What the folder holds besides must not come along.
  for (const name of ['dist/demo.js', 'dist/spillway.js.map', 'key.json'])
    cpSync(__filename, join(source, name));
  const packing = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [{ filename, files }] = JSON.parse((await run('npm', packing, { cwd: source })).stdout);
  const project = join(folder, 'project');
  const modules = join(project, 'node_modules');
  mkdirSync(modules, { recursive: true });
  await run('tar', ['-xzf', join(folder, filename), '-C', modules]);
  cpSync(join(modules, 'package'), join(modules, 'spillway'), { recursive: true });
  rmSync(join(modules, 'package'), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(modules, 'spillway/package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return {
    paths: files.map(({ path }: { path: string }) => path),
    project,
    async compile(file) {
      const strict = [
        '--strict',
        '--exactOptionalPropertyTypes',
        '--target',
        'es2022',
        '--module',
        'nodenext',
      ];
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      await run(process.execPath, [compiler, ...strict, '--types', 'node', file], { cwd: project }).catch(
        ({ stdout }: { stdout: string }) => {
          throw new Error(stdout);
        },
      );
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
