import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { readSecret } from '../../shared/secrets.ts';

const ARN = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:chain-AbCdEf';

/** Asks a server that answers as Secrets Manager does. @returns what was asked, and what came of it */
async function ask(answer: object, status = 200) {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    asked.push([request.headers['x-amz-target'], JSON.parse(Buffer.concat(pieces).toString('utf8'))]);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new SecretsManagerClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  const result = await readSecret(ARN, client).catch((error: Error) => error);
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return { asked, result };
}

test('a secret is asked for by its ARN and answered as text', async () => {
  const { asked, result } = await ask({ ARN, SecretString: 'http://u:p@node:8332' });
  expect(result).toBe('http://u:p@node:8332');
  expect(asked).toEqual([['secretsmanager.GetSecretValue', { SecretId: ARN }]]);
});

test.each([
  ['of bytes', { ARN, SecretBinary: 'AAAA' }],
  ['that is empty', { ARN, SecretString: '' }],
])('a secret %s is none, and is not shown', async (_, answer) => {
  expect((await ask(answer)).result).toEqual(new Error(`the secret ${ARN} holds no text`));
});

test('a refusal is told', async () => {
  const { result } = await ask({ __type: 'AccessDeniedException', Message: 'no' }, 400);
  expect(result).toMatchObject({ name: 'AccessDeniedException' });
});
