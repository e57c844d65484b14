import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BuyerError } from '../../../client/buyer/errors.ts';
import { proxyFetch } from '../../../client/buyer/node/proxy-fetch.ts';
import { buy } from '../../../client/buyer/purchase.ts';
import { shopClient } from '../../../client/buyer/shop-client.ts';
import { exitCodeOf } from '../../../client/cli/exit-codes.ts';
import { esploraChain } from '../../../shared/chain/esplora.ts';
import { systemClock } from '../../../shared/clock.ts';
import { MAX_ANSWER_BYTES } from '../../../shared/limits.ts';
import { type BuyerWorld, buyerWorld, smallDataset } from '../../support/buyer-world.ts';
import { type ForwardProxy, startForwardProxy } from '../../support/forward-proxy.ts';

const dataset = smallDataset();

let proxy: ForwardProxy;
beforeEach(async () => {
  proxy = await startForwardProxy();
});
afterEach(() => proxy.stop());

type Environment = Readonly<Record<string, string>>;

const proxied = (): Environment => ({ HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url });

function client(url: string, environment: Environment, timeout = 35_000) {
  const retry = { retries: 0, firstDelay: 1 };
  return shopClient({ url, clock: systemClock, retry, timeout, fetch: proxyFetch(environment) });
}

/** What the first question ends with. */
async function failure(url: string, environment: Environment, timeout?: number) {
  const error: unknown = await client(url, environment, timeout)
    .shop()
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof BuyerError)) throw new Error('it was answered', { cause: error });
  return { exit: exitCodeOf(error.code), message: error.message };
}

describe('a purchase', () => {
  let world: BuyerWorld;
  beforeEach(async () => {
    world = await buyerWorld(dataset);
    await world.deposit(50_000n);
  });
  afterEach(() => world.end());

  function purchase(environment: Environment) {
    const { buyer, chain, shop, output } = world;
    return buy(
      { ...buyer, fetch: proxyFetch(environment) },
      { shopUrl: shop.url, dataset: 'numbers', output, wait: { deposit: false, settlement: false } },
      (event) => {
        if (event.kind === 'funding-sent') setImmediate(() => chain.mine());
      },
    );
  }

  test('asks everything of the shop through the proxy, and the manifest', async () => {
    expect(await purchase(proxied())).toMatchObject({ paid: 11_000n, chunks: 3 });
    const asked = proxy.requests.map((line) =>
      line.replace(/http:\/\/[^/]+/, '').replace(/[0-9a-f]{64}/, '*'),
    );
    const ofShop = asked.filter((line) => line !== 'GET /manifest');
    expect(asked).toContain('GET /manifest');
    expect(ofShop).toEqual(world.shop.calls);
  });

  test('passes the proxy by where NO_PROXY says so', async () => {
    expect(await purchase({ ...proxied(), NO_PROXY: '127.0.0.1' })).toMatchObject({ paid: 11_000n });
    expect(proxy.requests).toEqual([]);
  });
});

describe('a shop', () => {
  let server: Server;
  let url: string;
  /** What the server is told by the client, or by the proxy. */
  let told: Record<string, unknown>[];
  let answer: RequestListener;
  beforeEach(async () => {
    told = [];
    server = createServer((request, response) => {
      told.push(request.headers);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const secureUrl = () => url.replace('http:', 'https:');

  test('is not told the name and the password for the proxy, which is told them', async () => {
    proxy.credentials = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    answer = (_, response) => response.end('{"datasets":[]}');
    const named = proxy.url.replace('//', '//me:secret@');
    expect(await client(url, { HTTP_PROXY: named }).datasets()).toEqual({ datasets: [] });
    expect(told).toHaveLength(1);
    expect(Object.keys(told[0] ?? {}).filter((name) => name.startsWith('proxy-a'))).toEqual([]);
  });

  test.each(['plain', 'secure'])('%s behind a proxy that wants a password', async (kind) => {
    proxy.credentials = 'Basic x';
    const address = kind === 'plain' ? url : secureUrl();
    expect(await failure(address, proxied())).toEqual({
      exit: 4,
      message: `The shop at ${address} is behind a proxy that wants a name and a password.`,
    });
    expect(told).toEqual([]);
  });

  test('behind a proxy that opens no tunnel', async () => {
    proxy.tunnelAnswer = 'HTTP/1.1 502 Bad\r\n\r\n';
    expect(await failure(secureUrl(), proxied())).toEqual({
      exit: 4,
      message: `The shop at ${secureUrl()} is behind a proxy that answers with status 502.`,
    });
  });

  test('behind a proxy that passes nothing on', async () => {
    proxy.plainStatus = 502;
    expect(await failure(url, proxied())).toEqual({
      exit: 4,
      message: `The shop at ${url} is behind a proxy, and one of them answers with status 502.`,
    });
  });

  test('whose own refusal comes through', async () => {
    const problem = { type: 'urn:spillway:problem:x', title: 'Closed', detail: 'for today' };
    answer = (_, response) =>
      response
        .writeHead(503, { 'content-type': 'application/problem+json; charset=utf-8' })
        .end(JSON.stringify(problem));
    expect(await failure(url, proxied())).toEqual({ exit: 4, message: 'Closed: for today' });
  });

  test('behind a proxy that is not there', async () => {
    const environment = proxied();
    await proxy.stop();
    const said = await failure(secureUrl(), environment);
    proxy = await startForwardProxy();
    expect(said).toEqual({
      exit: 4,
      message: expect.stringContaining('is behind a proxy that cannot be reached: connect ECONNREFUSED'),
    });
  });

  test('behind a proxy whose address is none', async () => {
    expect(await failure(url, { HTTP_PROXY: 'socks5://x' })).toEqual({
      exit: 2,
      message: 'HTTP_PROXY does not name an http:// proxy.',
    });
  });

  test('that nobody vouches for is not asked, in a tunnel either', async () => {
    expect((await failure(secureUrl(), proxied())).exit).toBe(4);
    expect(proxy.requests).toEqual([`CONNECT ${new URL(url).host}`]);
    expect(told).toEqual([]);
  });

  test('is not followed elsewhere', async () => {
    answer = (_, response) => response.writeHead(302, { location: `${url}/elsewhere` }).end();
    expect(await failure(url, proxied())).toEqual({
      exit: 4,
      message: `The shop at ${url} redirects to another place.`,
    });
    expect(told).toHaveLength(1);
  });

  test('that says too much is cut off', async () => {
    answer = (_, response) => response.end(Buffer.alloc(MAX_ANSWER_BYTES + 1, 0x20));
    expect(await failure(url, proxied())).toEqual({
      exit: 5,
      message: `An answer is longer than ${MAX_ANSWER_BYTES} bytes.`,
    });
  });

  test('that begins and does not end is given up', async () => {
    answer = (_, response) => void response.write('{');
    expect(await failure(url, proxied(), 200)).toEqual({
      exit: 4,
      message: `The shop at ${url} did not answer.`,
    });
  });

  test('an Esplora server is asked by the same rules', async () => {
    answer = (_, response) => response.end('11'.repeat(32));
    const chain = esploraChain({ url: `${url}/api`, fetch: proxyFetch(proxied()) });
    expect(await chain.blockHash(7)).toBe('11'.repeat(32));
    expect(proxy.requests).toEqual([`GET ${url}/api/block-height/7`]);
  });
});
