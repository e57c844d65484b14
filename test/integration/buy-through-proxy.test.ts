import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { type BuiltCommand, buildCommand, type Ended } from '../support/built-command.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../support/buyer-world.ts';
import { type ForwardProxy, startForwardProxy } from '../support/forward-proxy.ts';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from '../support/loopback-certificate.ts';

/** The command as it is shipped, and a shop over TLS: whom a process trusts is decided where it starts. */

let command: BuiltCommand;
let world: BuyerWorld;
let front: Server;
let address: string;
let proxy: ForwardProxy;
let folder: string;
beforeAll(async () => {
  command = buildCommand();
  folder = await mkdtemp(join(tmpdir(), 'proxied-'));
  await writeFile(join(folder, 'certificate.pem'), LOOPBACK_CERTIFICATE);
  world = await buyerWorld(smallDataset());
  const port = Number(new URL(world.shop.url).port);
  front = createServer({ key: LOOPBACK_KEY, cert: LOOPBACK_CERTIFICATE }, (socket) => {
    const upstream = connect(port, '127.0.0.1');
    socket.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  address = `localhost:${(front.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await command.end();
  await new Promise((resolve) => front.close(resolve));
  await world.end();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  proxy = await startForwardProxy();
  world.shop.calls.splice(0);
});
afterEach(() => proxy.stop());

/** Asks for a dataset that the shop does not have, and learns which it has. */
function ask(environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const args = ['buy', `https://${address}`, 'letters', '--chain', 'http://a:b@127.0.0.1:1'];
  return command.run([...args, '--home', join(folder, 'home'), '--output', join(folder, 'out')], {
    environment: {
      NODE_EXTRA_CA_CERTS: join(folder, 'certificate.pem'),
      HTTPS_PROXY: proxy.url,
      ...environment,
    },
  });
}

test('a shop is asked in one tunnel, which stays open between two questions', async () => {
  const { code, stderr } = await ask();
  expect(stderr).toContain('The shop sells: numbers');
  expect(code).toBe(2);
  expect(world.shop.calls).toEqual(['GET /shop', 'GET /datasets']);
  expect(proxy.requests).toEqual([`CONNECT ${address}`]);
});

test('a proxy that opens no tunnel is named as what is in the way', async () => {
  proxy.tunnelAnswer = 'HTTP/1.1 502 Bad\r\n\r\n';
  const { code, stderr } = await ask();
  expect(stderr).toContain(`The shop at https://${address} is behind a proxy that answers with status 502.`);
  expect(code).toBe(4);
  expect(world.shop.calls).toEqual([]);
});

test('what NO_PROXY exempts is asked directly', async () => {
  expect((await ask({ NO_PROXY: 'localhost' })).stderr).toContain('The shop sells: numbers');
  expect(proxy.requests).toEqual([]);
});
