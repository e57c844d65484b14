import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Resource } from './stack-template.ts';

/** What stands in a bundle's place in the template's assets. */
export interface Bundle {
  readonly folder: string;
  readonly files: readonly string[];
}

/**
 * Synthesises the stack as the cdk command does, with nothing of this machine's AWS settings and no network to ask.
 * @param folder gets the assembly
 * @returns each function's bundle by its name
 */
export function synthesiseBundles(folder: string): ReadonlyMap<string, Bundle> {
  const assembly = join(folder, 'cdk.out');
  const { status, stderr } = spawnSync(process.execPath, ['scripts/run.mjs', 'infra/app.ts'], {
    cwd: resolve(__dirname, '../..'),
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      CDK_OUTDIR: assembly,
      CDK_CONTEXT_JSON: JSON.stringify(JSON.parse(readFileSync('cdk.json', 'utf8')).context),
      npm_config_offline: 'true',
    },
  });
  if (status !== 0) throw new Error(`synth failed: ${stderr}`);
  const { Resources } = JSON.parse(readFileSync(join(assembly, 'Spillway.template.json'), 'utf8'));
  const functions = Object.values<Resource>(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  return new Map(
    functions.map(({ Properties }) => {
      const asset = join(assembly, `asset.${String(Properties.Code.S3Key).replace('.zip', '')}`);
      const name = String(Properties.Description).replace('Spillway: ', '');
      return [name, { folder: asset, files: readdirSync(asset).sort() }];
    }),
  );
}
