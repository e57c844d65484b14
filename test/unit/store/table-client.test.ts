import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { type LocalServer, listenOnLoopback } from '../../../local/listen.ts';
import { tableClient } from '../../../shared/store/table-client.ts';

/** A table in which each key's item is the key, and who signed what it was asked for. */
const signers: string[] = [];
let server: LocalServer;
beforeAll(async () => {
  const table = createServer(async (request, response) => {
    signers.push(/Credential=(\w+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '');
    const { Key } = JSON.parse(await text(request));
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ Item: Key }));
  });
  server = await listenOnLoopback(table, 0);
});
afterAll(() => server.stop());

test('commands sent at once through the kept middleware are answered each with its own, and signed by whoever the role is then', async () => {
  let accessKeyId = 'first';
  const credentials = async () => ({ accessKeyId, secretAccessKey: 'secret', expiration: new Date(0) });
  const client = tableClient({ endpoint: server.url, region: 'us-east-1', credentials });
  const get = async (S: string) => {
    const { Item } = await client.send(new GetItemCommand({ TableName: 'table', Key: { pk: { S } } }));
    return Item?.pk?.S;
  };
  const keys = Array.from({ length: 20 }, (_, number) => `key ${number}`);
  expect(await Promise.all(keys.map(get))).toEqual(keys);
  expect(new Set(signers.splice(0))).toEqual(new Set(['first']));

  accessKeyId = 'second';
  expect(await get('key')).toBe('key');
  expect(signers).toEqual(['second']);
  client.destroy();
});
