import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import { bundleFunctions } from './bundling/bundle-functions.ts';
import { readInfraConfig } from './config.ts';
import { FUNCTION_NAMES } from './constructs/function-grants.ts';
import { ShopStack } from './shop-stack.ts';

/** Started by the cdk command, which passes cdk.json on, or alone by `npm run synth`. */
const isAlone = process.env.CDK_OUTDIR === undefined;
const app = new App(
  isAlone ? { outdir: 'cdk.out', context: JSON.parse(readFileSync('cdk.json', 'utf8')).context } : {},
);
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
const config = readInfraConfig((name) => app.node.tryGetContext(name));
const env = account && region ? { env: { account, region } } : {};
const bundles = join(app.outdir, 'bundles');
await bundleFunctions(FUNCTION_NAMES, bundles);
new ShopStack(app, app.node.tryGetContext('stackName') ?? 'Spillway', {
  config,
  codeOf: (name) => Code.fromAsset(join(bundles, name)),
  ...env,
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
