import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiReference } from './api-reference.ts';

const types = await mkdtemp(join(tmpdir(), 'api-'));
try {
  const compiler = 'node_modules/typescript/bin/tsc';
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.types.json', '--outDir', types], {
    stdio: 'inherit',
  });
  await mkdir('docs/api', { recursive: true });
  await writeFile('docs/api/README.md', apiReference(join(types, 'client/sdk')));
} finally {
  await rm(types, { recursive: true, force: true });
}
