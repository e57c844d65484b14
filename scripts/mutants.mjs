// npm run mutants -- protocol|channel [files]: Stryker on one floor; what it needs is installed beside it at the first run.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [floor = 'protocol', ...files] = process.argv.slice(2);
if (floor !== 'protocol' && floor !== 'channel') throw new Error('name protocol or channel');

function run(program, args, environment = {}) {
  const { status } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(`${root}/test/mutants/node_modules`)) run('npm', ['ci', '--prefix', 'test/mutants']);
run(
  process.execPath,
  [
    'test/mutants/node_modules/@stryker-mutator/core/bin/stryker.js',
    ...['run', 'test/mutants/stryker.config.mjs'],
    ...(files.length > 0 ? ['--mutate', files.join(',')] : []),
  ],
  { SPILLWAY_MUTANTS: floor },
);
