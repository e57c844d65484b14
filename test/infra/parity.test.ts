import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HANDLERS } from '../../local/handlers.ts';
import { LAMBDA_TIME_MS } from '../../local/start-shop.ts';
import { readShopConfig } from '../../shared/config.ts';
import { ROUTES } from '../../shared/http/routes.ts';
import { type BuiltCommand, buildCommand } from '../support/built-command.ts';
import { type LocalShopProcess, startLocalShop } from '../support/local-shop.ts';
import { SECRET_CONTEXT } from '../support/stack-contexts.ts';
import { type StackTemplate, synthesise } from '../support/stack-template.ts';

/** What is deployed and what runs on one machine are the same shop. */

const template = synthesise();
const functions = new Map(
  template
    .ofType('AWS::Lambda::Function')
    .map((resource) => [resource.Metadata?.['aws:cdk:path']?.split('/')[1] ?? '', resource.Properties]),
);

let folder: string;
let command: BuiltCommand;
let shop: LocalShopProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-parity-'));
  command = buildCommand();
  shop = await startLocalShop(command, { folder, chain: { name: 'embedded', environment: {} } });
});
afterAll(async () => {
  await shop.stop();
  await command.end();
  rmSync(folder, { recursive: true, force: true });
});

test('each route of the table is deployed, reaches the function it names, and there is no other', () => {
  const deployed = template.ofType('AWS::ApiGatewayV2::Route').map(({ Properties }) => {
    const target = template.readable(Properties.Target);
    return `${Properties.RouteKey} → ${functionBehind(template, Properties.Target, target)}`;
  });
  const listed = Object.values(ROUTES).map(
    ({ method, path, functionName }) => `${method} ${path} → ${functionName}`,
  );
  expect(deployed.sort()).toEqual(listed.sort());
});

function functionBehind({ resources, readable }: StackTemplate, target: unknown, text: string): string {
  const [, integrationId] = /"Ref":"([^"]+)"/.exec(JSON.stringify(target)) ?? [];
  const uri = resources[integrationId ?? '']?.Properties.IntegrationUri;
  const [name, rest] = readable(uri).split('/');
  if (rest !== 'Function') throw new Error(`${text} leads to ${readable(uri)}`);
  return name ?? '';
}

test('the functions are those that the local shop runs, and the schedule’s', () => {
  expect([...functions.keys()].sort()).toEqual([...Object.keys(HANDLERS), 'settle-channels'].sort());
});

test('their environment has the names of the local shop’s', () => {
  // What Lambda sets by itself or points a client at a stand-in, and what the local shop tells its own commands.
  const notForFunctions = /^(AWS_.*|SPILLWAY_SHOP_URL|SPILLWAY_CHAIN_KIND|SPILLWAY_STOREFRONT)$/;
  const local = Object.keys(shop.environment).filter((name) => !notForFunctions.test(name));
  // A seller's key never stands in a deployed function's settings; where it is does.
  const expected = local.map((name) => (name === 'SPILLWAY_SELLER_SECRET' ? 'SPILLWAY_SELLER_KEY' : name));
  for (const { Environment } of functions.values()) {
    expect(Object.keys(Environment.Variables).sort()).toEqual(expected.sort());
  }
});

test.each([
  ['a KMS key and a chain secret', template],
  ['a secret and an open chain source', synthesise(SECRET_CONTEXT)],
])('their environment is one that the functions take: %s', (_, { ofType, readable }) => {
  const kinds = new Set<string>();
  for (const { Properties } of ofType('AWS::Lambda::Function')) {
    const variables = Object.entries(Properties.Environment.Variables).map(([name, value]) => [
      name,
      // What CloudFormation will put there has the form of an ARN or a name.
      readable(value)
        .replace('SellerKey/Key', 'arn:aws:kms:us-east-1:111122223333:key/k')
        .replace(/\//g, '-'),
    ]);
    const environment = Object.fromEntries(variables);
    const { SPILLWAY_CHAIN_URL } = Properties.Environment.Variables;
    const config = readShopConfig({ ...environment, SPILLWAY_BUCKET: 'datasets', SPILLWAY_CHAIN_URL });
    kinds.add(config.sellerKey.kind);
  }
  expect([...kinds].sort()).toEqual(ofType('AWS::KMS::Key').length > 0 ? ['kms'] : ['public', 'secret']);
});

test('a run of the schedule has as long as the local one believes', () => {
  expect(functions.get('settle-channels')?.Timeout).toBe(LAMBDA_TIME_MS / 1000);
});

test('pages may send the same headers here and there', async () => {
  const { headers } = await fetch(`${shop.url}/shop`, { method: 'OPTIONS' });
  const { CorsConfiguration } = template.only('AWS::ApiGatewayV2::Api').Properties;
  const listed = (name: string) => (headers.get(name) ?? '').split(',').sort();
  expect(listed('access-control-allow-headers')).toEqual([...CorsConfiguration.AllowHeaders].sort());
  expect(listed('access-control-allow-methods')).toEqual(
    [...CorsConfiguration.AllowMethods, 'OPTIONS'].sort(),
  );
  expect(listed('access-control-allow-origin')).toEqual(CorsConfiguration.AllowOrigins);
});
