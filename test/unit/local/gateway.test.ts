import { startGateway } from '../../../local/gateway.ts';
import type { LocalServer } from '../../../local/listen.ts';

let gateway: LocalServer;
beforeEach(async () => {
  gateway = await startGateway(0);
});
afterEach(() => gateway.stop());

const sizeOf = ({ headers }: Response) => [headers.get('content-length'), headers.get('transfer-encoding')];

test('a path that is no route is not found, and the answer says its size, as the deployed gateway does', async () => {
  const answer = await fetch(`${gateway.url}/nowhere`);
  expect([answer.status, await answer.text(), ...sizeOf(answer)]).toEqual([
    404,
    '{"message":"Not Found"}',
    '23',
    null,
  ]);
});

test('a page may ask from anywhere', async () => {
  const answer = await fetch(`${gateway.url}/shop`, { method: 'OPTIONS' });
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(await answer.text()).toBe('');
});

test('a body of more than ten mebibytes is refused before a function sees it', async () => {
  const body = new Uint8Array(10 * 1024 * 1024 + 1);
  const answer = await fetch(`${gateway.url}/channels`, { method: 'POST', body });
  expect([answer.status, await answer.text()]).toEqual([413, '{"message":"Request Too Long"}']);
});
