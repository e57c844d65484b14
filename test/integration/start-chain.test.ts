import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { regtestFaucet } from '../../local/chain/faucet.ts';
import { findBitcoind } from '../../local/chain/start-bitcoind.ts';
import { startChain } from '../../local/chain/start-chain.ts';
import { availableChains } from '../support/chains.ts';
import { rpcCaller } from '../support/rpc.ts';

const folder = mkdtempSync(join(tmpdir(), 'start-chain-'));
const newFolder = (): string => mkdtempSync(join(folder, 'data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(availableChains())('$name', ({ name, start }) => {
  test('stopped and started again, it has its blocks', async () => {
    const dataFolder = newFolder();
    const first = await start(dataFolder);
    expect(first.kind).toBe(name);
    const [hash] = await regtestFaucet(first.url).mine(3);
    await first.stop();
    const second = await start(dataFolder);
    const rpc = rpcCaller(second.url);
    expect([await rpc('getblockcount'), await rpc('getblockhash', 1)]).toEqual([3, hash]);
    await second.stop();
  });

  test('a folder keeps the kind of chain it began with', async () => {
    const dataFolder = newFolder();
    await (await start(dataFolder)).stop();
    const other = name === 'embedded' ? 'bitcoind' : 'embedded';
    await expect(startChain({ dataFolder, kind: other })).rejects.toThrow(`holds the chain of kind ${name}`);
  });
});

for (const { start } of availableChains().filter(({ name }) => name === 'bitcoind')) {
  test('a bitcoind that a killed parent left behind is taken over', async () => {
    const dataFolder = newFolder();
    const orphan = await start(dataFolder);
    await regtestFaucet(orphan.url).mine(2);
    const takenOver = await start(dataFolder);
    expect(takenOver.pid).toBe(orphan.pid);
    expect(await rpcCaller(takenOver.url)('getblockcount')).toBe(2);
    await takenOver.stop();
    await expect(rpcCaller(orphan.url)('getblockcount')).rejects.toThrow();
  });

  test('a bitcoind that was killed starts again', async () => {
    const dataFolder = newFolder();
    const killed = await start(dataFolder);
    if (killed.pid === undefined) throw new Error('bitcoind is a process of its own');
    process.kill(killed.pid, 'SIGKILL');
    const next = await start(dataFolder);
    expect(next.pid).not.toBe(killed.pid);
    expect(await rpcCaller(next.url)('getblockcount')).toBe(0);
    await next.stop();
  });
}

test('a program that is no bitcoind is an error that says what it printed', async () => {
  const path = join(folder, 'bitcoind');
  writeFileSync(path, '#!/bin/sh\n[ "$1" = -version ] && exit 0\necho "no such thing" >&2\nexit 1\n');
  chmodSync(path, 0o755);
  await expect(startChain({ dataFolder: newFolder(), kind: 'bitcoind', bitcoindPath: path })).rejects.toThrow(
    'bitcoind did not start: no such thing',
  );
});

test('bitcoind is looked for in BITCOIND, then on PATH, then where else we are told', () => {
  const path = join(folder, 'bitcoind');
  writeFileSync(path, '');
  chmodSync(path, 0o755);
  expect(findBitcoind({ BITCOIND: '/elsewhere/bitcoind', PATH: folder })).toBe('/elsewhere/bitcoind');
  expect(findBitcoind({ PATH: `/nowhere:${folder}` })).toBe(path);
  expect(findBitcoind({ PATH: '/nowhere' }, [folder])).toBe(path);
  chmodSync(path, 0o644);
  expect(findBitcoind({ PATH: folder })).toBeUndefined();
  expect(findBitcoind({})).toBeUndefined();
});
