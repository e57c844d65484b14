import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { startEmbeddedNode } from '../../local/chain/embedded-node.ts';
import { regtestFaucet } from '../../local/chain/faucet.ts';
import { addressOf, buyer, p2wpkh, seller } from '../support/chain-keys.ts';
import { signed, type TestCoin, toBuyer, toSeller } from '../support/chain-transactions.ts';
import { type Rpc, rpcCaller } from '../support/rpc.ts';

const folder = mkdtempSync(join(tmpdir(), 'ledger-persistence-'));
const program = join(folder, 'ledger-process.cjs');
const children: ChildProcess[] = [];

beforeAll(() => {
  buildSync({
    entryPoints: [join(__dirname, '../support/ledger-process.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: program,
    logLevel: 'error',
  });
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const newFolder = (): string => mkdtempSync(join(folder, 'data-'));
const logOf = (dataFolder: string): string => join(dataFolder, 'ledger.log');

async function startProcess(dataFolder: string): Promise<{ child: ChildProcess; url: string; rpc: Rpc }> {
  const child = spawn(process.execPath, [program, dataFolder], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  if (!child.stdout) throw new Error('the process has a standard output');
  const [line] = await once(child.stdout, 'data');
  const url = String(line).trim();
  return { child, url, rpc: rpcCaller(url) };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Everything about the ledger that a caller can see. */
async function stateOf(rpc: Rpc, coins: readonly TestCoin[]): Promise<unknown> {
  const { chainwork, ...info } = (await rpc('getblockchaininfo')) as Record<string, unknown>;
  const waiting = (await rpc('getrawmempool')) as string[];
  return {
    info,
    chainwork,
    waiting: await Promise.all(waiting.map((txid) => rpc('getmempoolentry', txid))),
    coins: await Promise.all(coins.map(({ txid, vout }) => rpc('gettxout', txid, vout))),
    all: await rpc('scantxoutset', 'start', [`raw(${Buffer.from(p2wpkh(buyer)).toString('hex')})`]),
  };
}

/** Blocks, payments, a replacement, a reorg and its end, a mocked clock: one of each kind of event. */
async function busyHistory(url: string): Promise<TestCoin[]> {
  const rpc = rpcCaller(url);
  const faucet = regtestFaucet(url);
  const script = p2wpkh(buyer);
  await rpc('setmocktime', 1_900_000_000);
  const coins: TestCoin[] = [];
  for (const value of [50_000n, 60_000n, 70_000n]) {
    coins.push({ txid: await faucet.fund(addressOf(script), value), vout: 0, value, script });
  }
  await faucet.mine(1);
  const [first, second, third] = coins as [TestCoin, TestCoin, TestCoin];
  await rpc('sendrawtransaction', signed({ coins: [first], outputs: [toSeller(49_000n)] }).toHex());
  const [mined] = await faucet.mine(1);
  await rpc('sendrawtransaction', signed({ coins: [second], outputs: [toSeller(59_000n)] }).toHex());
  await rpc('sendrawtransaction', signed({ coins: [second], outputs: [toBuyer(55_000n)] }).toHex());
  await rpc('invalidateblock', mined);
  await rpc('generatetoaddress', 1, addressOf(p2wpkh(seller)));
  await rpc(
    'sendrawtransaction',
    signed({ coins: [third], outputs: [toBuyer(69_000n)], version: 3 }).toHex(),
  );
  const [branch] = await faucet.mine(2);
  await rpc('invalidateblock', branch);
  await rpc('reconsiderblock', mined);
  return coins;
}

test('kill -9 after an answer: everything answered is there again', async () => {
  const dataFolder = newFolder();
  const before = await startProcess(dataFolder);
  const coins = await busyHistory(before.url);
  const expected = await stateOf(before.rpc, coins);
  await kill(before.child);

  const after = await startProcess(dataFolder);
  expect(await stateOf(after.rpc, coins)).toEqual(expected);
  await kill(after.child);
});

test('kill -9 in the middle of calls: every acknowledged block stays', async () => {
  const dataFolder = newFolder();
  const address = addressOf(p2wpkh(buyer));
  const acknowledged: string[] = [];
  for (const killAfter of [1, 4, 9]) {
    const { child, rpc } = await startProcess(dataFolder);
    const ended = once(child, 'exit');
    let answers = 0;
    const mineOne = async (): Promise<void> => {
      const [hash = ''] = (await rpc('generatetoaddress', 1, address)) as string[];
      acknowledged.push(hash);
      answers += 1;
      if (answers === killAfter) child.kill('SIGKILL');
    };
    await Promise.allSettled(Array.from({ length: 30 }, mineOne));
    await ended;
    expect(answers).toBeGreaterThanOrEqual(killAfter);
    expect(await bestChain(dataFolder)).toEqual(expect.arrayContaining(acknowledged));
  }
});

async function bestChain(dataFolder: string): Promise<unknown[]> {
  const { child, rpc } = await startProcess(dataFolder);
  const hashes: unknown[] = [];
  const count = Number(await rpc('getblockcount'));
  while (hashes.length < count) hashes.push(await rpc('getblockhash', hashes.length + 1));
  await kill(child);
  return hashes;
}

test('a mocked clock stays mocked', async () => {
  const dataFolder = newFolder();
  const before = await startProcess(dataFolder);
  await before.rpc('setmocktime', 2_000_000_000);
  await kill(before.child);
  const { child, rpc } = await startProcess(dataFolder);
  await rpc('generatetoaddress', 1, addressOf(p2wpkh(buyer)));
  expect(await rpc('getblockchaininfo')).toMatchObject({ blocks: 1, time: 2_000_000_000 });
  await kill(child);
});

test('a second ledger does not open a folder that is in use', async () => {
  const dataFolder = newFolder();
  const { child } = await startProcess(dataFolder);
  await expect(startEmbeddedNode(dataFolder)).rejects.toThrow(`is in use by process ${child.pid}`);
  await kill(child);
  const node = await startEmbeddedNode(dataFolder);
  await expect(startEmbeddedNode(dataFolder)).rejects.toThrow(`is in use by process ${process.pid}`);
  await node.stop();
  await (await startEmbeddedNode(dataFolder)).stop();
});

test('a lock whose process number has gone to another process counts for nothing', async () => {
  const dataFolder = newFolder();
  writeFileSync(join(dataFolder, 'lock'), `${process.pid} 1`);
  await (await startEmbeddedNode(dataFolder)).stop();
});

describe('a journal whose end was cut off', () => {
  const dataFolder = newFolder();
  const address = addressOf(p2wpkh(buyer));
  let whole: Buffer;
  let lastLine: number;

  beforeAll(async () => {
    const node = await startEmbeddedNode(dataFolder);
    const rpc = rpcCaller(node.url);
    await rpc('generatetoaddress', 2, address);
    await rpc('generatetoaddress', 3, address);
    await node.stop();
    whole = readFileSync(logOf(dataFolder));
    lastLine = whole.indexOf(0x0a) + 1;
  });

  async function heightsAfter(journal: Buffer): Promise<[before: unknown, after: unknown]> {
    writeFileSync(logOf(dataFolder), journal);
    const node = await startEmbeddedNode(dataFolder);
    const rpc = rpcCaller(node.url);
    const before = await rpc('getblockcount');
    await rpc('generatetoaddress', 1, address);
    await node.stop();
    const again = await startEmbeddedNode(dataFolder);
    const after = await rpcCaller(again.url)('getblockcount');
    await again.stop();
    return [before, after];
  }

  test('whole', async () => expect(await heightsAfter(whole)).toEqual([5, 6]));
  test.each([1, 10, 17, 18, 500])('after %i bytes of its last line: that line never was', async (bytes) =>
    expect(await heightsAfter(whole.subarray(0, lastLine + bytes))).toEqual([2, 3]),
  );
  test('before the newline of its last line', async () =>
    expect(await heightsAfter(whole.subarray(0, -1))).toEqual([2, 3]));
  test('a last line of the right length with zeros in it, as file systems leave them', async () => {
    const zeroed = Buffer.from(whole);
    zeroed.fill(0, lastLine + 100, zeroed.length - 1);
    expect(await heightsAfter(zeroed)).toEqual([2, 3]);
  });
  test('damage before the last line is an error, and the file is left alone', async () => {
    const damaged = Buffer.from(whole);
    damaged[100] = (damaged[100] ?? 0) ^ 1;
    writeFileSync(logOf(dataFolder), damaged);
    await expect(startEmbeddedNode(dataFolder)).rejects.toThrow('ledger.log is damaged at byte 0');
    expect(readFileSync(logOf(dataFolder)).equals(damaged)).toBe(true);
  });
  test('an empty journal is a new chain', async () => {
    truncateSync(logOf(dataFolder), 0);
    const node = await startEmbeddedNode(dataFolder);
    expect(await rpcCaller(node.url)('getblockcount')).toBe(0);
    await node.stop();
  });
});
