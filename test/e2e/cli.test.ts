import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuiltCommand, buildCommand, type Ended, lastJson } from '../support/built-command.ts';
import { realestChain } from '../support/chains.ts';
import { eventually } from '../support/eventually.ts';
import { type LocalShopProcess, type Published, startLocalShop } from '../support/local-shop.ts';
import { MIB, patterned } from '../support/object-store.ts';
import { readFolder } from '../support/test-shop.ts';

const ESCAPE = String.fromCharCode(27);

let command: BuiltCommand;
beforeAll(() => {
  command = buildCommand();
});
afterAll(() => command.end());

describe('help and usage', () => {
  test.each([
    [
      ['--help'],
      /Commands:[\s\S]*buy[\s\S]*refund[\s\S]*status[\s\S]*publish[\s\S]*shop[\s\S]*Exit codes: 0 done, 1 fault, 2 usage/,
    ],
    [
      ['buy', '--help'],
      /Usage: spillway buy \[options\] <shop-url> <dataset>[\s\S]*--no-deposit[\s\S]*Examples:/,
    ],
    [['help', 'buy'], /Usage: spillway buy/],
    [['refund', '--help'], /Usage: spillway refund[\s\S]*--purchase[\s\S]*--cancel/],
    [['status', '--help'], /Usage: spillway status/],
    [['publish', '--help'], /Usage: spillway publish[\s\S]*--price[\s\S]*--chunk-size[\s\S]*--dry-run/],
    [['unpublish', '--help'], /Usage: spillway unpublish[\s\S]*--shop[\s\S]*--profile[\s\S]*Example:/],
    [['price', '--help'], /Usage: spillway price \[options\] <dataset> <satoshis>[\s\S]*Example:/],
    [['shop', '--help'], /Commands:[\s\S]*dev[\s\S]*fund[\s\S]*mine[\s\S]*status[\s\S]*channels/],
    [['shop', 'status', '--help'], /Usage: spillway shop status[\s\S]*--shop[\s\S]*--profile[\s\S]*Example:/],
    [
      ['shop', 'channels', '--help'],
      /Usage: spillway shop channels[\s\S]*--state[\s\S]*--dataset[\s\S]*Example:/,
    ],
    [['shop', 'dev', '--help'], /Usage: spillway shop dev[\s\S]*--sweep-every[\s\S]*--policy/],
  ] as const)('%j', async (args, text) => {
    const { code, stdout, stderr } = await command.run(args);
    expect(stdout).toMatch(text);
    expect([code, stderr]).toEqual([0, '']);
  });

  test.each([
    [[], /Usage: spillway/],
    [['sell'], /error: unknown command 'sell'/],
    [['buy'], /error: missing required argument 'shop-url'/],
    [['buy', 'http://127.0.0.1:1', 'x', '--frob'], /error: unknown option '--frob'/],
    [['buy', 'http://127.0.0.1:1', 'x', '--max-price', '1.5'], /must be a whole number of satoshis/],
    [['buy', 'http://127.0.0.1:1', 'x', '--poll-interval', '-1'], /must be a number of seconds/],
    [['publish', '.', '--price', '0'], /must be a whole number of satoshis, at least 1/],
    [['publish', '.'], /required option '--price <satoshis>' not specified/],
    [['publish', '.', '--price', '1'], /required option '--shop <path>' not specified/],
    [['price', 'data', '0', '--shop', '.'], /must be a whole number of satoshis, at least 1/],
    [['shop', 'fund', 'address', '1.5'], /must be a whole number of satoshis/],
    [['shop', 'mine', '0'], /must be a whole number from 1 to 9999/],
    [['shop', 'dev', '--chain', 'litecoin'], /must be bitcoind or embedded/],
    [['shop', 'dev', '--policy', '[]'], /must be a JSON object/],
  ] as const)('%j is told and ends with 2', async (args, text) => {
    const { code, stdout, stderr } = await command.run(args);
    expect(stderr).toMatch(text);
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe('buying by the command', () => {
  let root: string;
  let shop: LocalShopProcess;
  let dataset: Published;
  /** Of a node that does not answer: it is asked again for seconds, while the other tests run. */
  let unanswered: Promise<Ended>;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'spillway-cli-'));
    const nowhere = ['--home', join(root, 'unanswered-home'), '--chain', 'http://u:secret@127.0.0.1:9'];
    unanswered = command.run(['status', ...nowhere, '--json']);
    const policy = { creditMinimumChunks: 3 };
    shop = await startLocalShop(command, {
      folder: join(root, 'shop'),
      chain: realestChain(),
      policy,
      sweepEvery: 0.5,
    });
    dataset = await publish('data', 11 * MIB);
    await shop.faucet.mine(101);
  });
  afterAll(async () => {
    await shop.stop();
    await rm(root, { recursive: true, force: true });
  });

  async function publish(name: string, size: number): Promise<Published> {
    await mkdir(join(root, name));
    await writeFile(join(root, name, 'file.bin'), patterned(size, size % 250));
    return shop.publish(join(root, name), '--price', '5000', '--chunk-size', '5MiB');
  }

  const at = (name: string) => ['--home', join(root, `${name}-home`), '--shop-folder', shop.folder];
  const buying = (name: string, ...further: string[]) => [
    ...['buy', shop.url, dataset.manifest, '--output', join(root, `${name}-bought`), ...at(name)],
    ...['--poll-interval', '0.05', '--yes', '--json', ...further],
  ];

  /** Tries without waiting, pays what that asks for, and puts it in a block. */
  async function deposit(name: string): Promise<void> {
    const { error } = lastJson(await command.run(buying(name, '--no-deposit')));
    const { address, missingSatoshis } = (error as { evidence: { address: string; missingSatoshis: string } })
      .evidence;
    await shop.faucet.fund(address, BigInt(missingSatoshis));
    await shop.faucet.mine(1);
  }

  /** The next block takes what waits; told of a transaction, the node may not have it yet. */
  async function mineWhatComes(): Promise<void> {
    await eventually('a transaction in the mempool', async () => {
      const waiting = (await shop.rpc('getrawmempool')) as string[];
      return waiting.length > 0 ? true : undefined;
    });
    await shop.faucet.mine(1);
  }

  const expectPlain = ({ stdout, stderr }: Ended) => expect(`${stdout}${stderr}`).not.toContain(ESCAPE);

  test('an empty wallet and --no-deposit: 3, with what to pay where, and nothing is bound', async () => {
    const ended = await command.run(buying('poor', '--no-deposit'));
    expect(ended.code).toBe(3);
    expect(lastJson(ended)).toEqual({
      error: {
        code: 'funds-needed',
        message: expect.stringMatching(/^The wallet lacks [0-9]+ sat\.$/),
        money: 'Nothing new was bound.',
        next: expect.stringMatching(/^Pay [0-9]+ sat to bcrt1q[a-z0-9]+, then run the command again\.$/),
        evidence: {
          address: expect.stringMatching(/^bcrt1q/),
          missingSatoshis: expect.stringMatching(/^[0-9]+$/),
          uri: expect.stringMatching(/^bitcoin:bcrt1q[a-z0-9]+\?amount=0\.0[0-9]+$/),
        },
      },
    });
    expect(ended.stderr).toMatch(
      /^buying data \(11 MiB\) for 11000 sat\n {2}payment .*\n {2}channel .*\n {2}fees .*\n {2}locktime .*\n {2}worst case .*\nThe wallet lacks/,
    );
    expectPlain(ended);
    const status = await command.run(['status', ...at('poor'), '--json']);
    expect(lastJson(status)).toMatchObject({
      purchases: [{ complete: false, verified: 0, paid: '0', channels: [] }],
    });
  });

  test('a purchase from deposit to settlement: plain lines, one JSON object last; status and refund tell of it', async () => {
    const running = command.start(buying('rich', '--wait'));
    const [, satoshis = '', address = ''] =
      /pay (\d+) sat to (\w+)/.exec(await running.line(/waiting for a deposit/)) ?? [];
    const { code, stderr } = await command.run(['shop', 'fund', address, satoshis, '--folder', shop.folder]);
    expect([code, stderr]).toEqual([0, '']);
    await running.line(/^the refund is signed; funding [0-9a-f]{64} sent/);
    await mineWhatComes();
    await running.line(/^channel [0-9a-f]{12} closed \(CLOSING\)$/);
    await mineWhatComes();
    const ended = await running.ended;
    expect(ended.code).toBe(0);
    expectPlain(ended);
    expect(ended.stderr.split('\n').filter((line) => line.startsWith('chunk '))).toEqual([
      'chunk 1 of 3 paid, 5000 sat so far',
      'chunk 2 of 3 paid, 10000 sat so far',
      'chunk 3 of 3 paid, 11000 sat so far',
    ]);
    expect(lastJson(ended)).toMatchObject({
      name: 'data',
      manifest: dataset.manifest,
      chunks: 3,
      bytes: 11 * MIB,
      paid: '11000',
      files: ['file.bin'],
      channels: [
        {
          chunksPaid: 3,
          paid: '11000',
          state: 'ended by settlement',
          end: { by: 'settlement', returned: '0' },
        },
      ],
    });
    expect(await readFolder(join(root, 'rich-bought'))).toEqual(await readFolder(join(root, 'data')));

    const status = await command.run(['status', ...at('rich')]);
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(
      /^height \d+\nwallet regtest: \d+ sat, deposit address bcrt1q\w+\ndata: complete, 11000 sat paid/,
    );
    expect(status.stdout).toContain('ended by settlement, 11000 sat, refund height');
    const refund = await command.run(['refund', ...at('rich'), '--json']);
    expect(lastJson(refund)).toMatchObject({
      channels: [{ name: 'data', status: { kind: 'ended', by: 'settlement' } }],
    });

    const file = join(root, 'rich.receipt.json');
    expect((await command.run(['receipts', 'data', '--output', file, ...at('rich')])).stdout).toBe(
      `data: ${file}\n`,
    );
    const verified = await command.run(['verify', file, join(root, 'rich-bought')]);
    expect([verified.code, verified.stderr]).toEqual([0, '']);
    expect(verified.stdout).toMatch(
      /^The receipt holds: data\n[\s\S]*the seller took 11000 sat by its own signature[\s\S]*1 file here and right/,
    );

    // The same command once more costs nothing.
    const again = await command.run(buying('rich'));
    expect(again.code).toBe(0);
    expect(lastJson(again)).toEqual(lastJson(ended));
  }, 60_000);

  test('Ctrl-C while the funding waits for a block: 130 and how to go on; refund waits for L, or cancels at once', async () => {
    await deposit('stopped');
    const running = command.start(buying('stopped'));
    await running.line(/^waiting for the funding to be in a block$/);
    running.process.kill('SIGINT');
    const ended = await running.ended;
    expect([ended.code, ended.signal]).toEqual([130, null]);
    const money = 'No money is lost by that: what is bound stays refundable, what is paid is recorded.';
    expect(ended.stderr).toContain('stopping at the next safe point; Ctrl-C once more stops at once\n');
    expect(
      ended.stderr.endsWith(`Stopped.\n${money}\nRun the same command again to go on from here.\n`),
    ).toBe(true);
    expect(lastJson(ended)).toEqual({
      error: {
        code: 'interrupted',
        message: 'Stopped.',
        money,
        next: 'Run the same command again to go on from here.',
      },
    });
    expectPlain(ended);
    await shop.faucet.mine(1);

    const refund = lastJson(await command.run(['refund', ...at('stopped'), '--json']));
    expect(refund).toMatchObject({ channels: [{ capacity: '11000', status: { kind: 'waiting' } }] });
    const unknown = await command.run(['refund', ...at('stopped'), '--purchase', 'none']);
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      'There is no purchase none.\nSee `spillway status`.\n',
    ]);

    const cancelled = await command.run(['refund', ...at('stopped'), '--cancel']);
    expect(cancelled.code).toBe(0);
    expect(cancelled.stderr).toMatch(/channel [0-9a-f]{12} closed \(CANCELLED\)/);
    expect(cancelled.stdout).toMatch(
      /^data, channel [0-9a-f]{12}, 11000 sat: a transaction that moves it waits for a block\n$/,
    );
    await shop.faucet.mine(1);
    const done = await command.run(['refund', ...at('stopped')]);
    expect(done.stdout).toMatch(/: ended by cancel [0-9a-f]{64} at height \d+, \d+ sat came back\n$/);
  }, 60_000);

  test('a shop that is not there: 4, within seconds', async () => {
    const began = Date.now();
    const ended = await command.run(
      [...buying('nobody'), '--no-deposit'].map((word) => (word === shop.url ? 'http://127.0.0.1:9' : word)),
    );
    expect(ended.code).toBe(4);
    expect(lastJson(ended)).toMatchObject({
      error: { code: 'shop-unreachable', message: 'The shop at http://127.0.0.1:9 did not answer.' },
    });
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  test('no chain source, and one that is none: 2; one that does not answer: 9', async () => {
    const home = ['--home', join(root, 'chainless-home')];
    const none = await command.run(['status', ...home], { environment: { SPILLWAY_CHAIN_URL: '' } });
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringMatching(/^No chain source is named\.\nGive --chain/),
    ]);
    const bad = await command.run(['status', ...home, '--chain', 'node']);
    expect(bad.code).toBe(2);
    const silent = await unanswered;
    expect(silent.code).toBe(9);
    expect(lastJson(silent)).toMatchObject({ error: { code: 'chain-unavailable' } });
    expect(`${silent.stdout}${silent.stderr}`).not.toContain('secret');
  });

  test('off a terminal nobody can say yes, and it is not taken for granted: 2, and nothing is bound', async () => {
    const ended = await command.run(buying('unasked').filter((word) => word !== '--yes'));
    expect([ended.code, ended.stdout]).toEqual([2, expect.stringContaining('"code":"usage"')]);
    expect(ended.stderr).toMatch(
      /^data \(11 MiB\) for 11000 sat\n[\s\S]*\nThis needs a yes, and there is no terminal to ask on\.\nGive --yes, and --max-price as the brake\. Nothing was bound/,
    );
    const status = await command.run(['status', ...at('unasked'), '--json']);
    expect(lastJson(status)).toMatchObject({ wallets: [], purchases: [] });
  });

  test('a dataset that is not sold, and a price over the limit: 2 and 8', async () => {
    const unknown = await command.run(['buy', shop.url, 'weather', ...at('picky')]);
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      'The shop has no dataset named weather.\nName it by its id. The shop sells: data.\n',
    ]);
    const dear = await command.run(buying('picky', '--max-price', '10999'));
    expect([dear.code, lastJson(dear)]).toMatchObject([8, { error: { code: 'limit-exceeded' } }]);
  });

  test('an object that changed in the store: 5, and nothing is paid for it', async () => {
    const spoilt = await publish('spoilt', 11 * MIB + 1);
    await spoil(join(shop.folder, 'objects'), 5 * MIB);
    const words = buying('victim').map((word) => (word === dataset.manifest ? spoilt.manifest : word));
    const asked = lastJson(await command.run([...words, '--no-deposit']));
    const { address, missingSatoshis } = (
      asked.error as { evidence: { address: string; missingSatoshis: string } }
    ).evidence;
    await shop.faucet.fund(address, BigInt(missingSatoshis));
    await shop.faucet.mine(1);
    const running = command.start(words);
    await running.line(/^the refund is signed/);
    await mineWhatComes();
    const ended = await running.ended;
    expect(ended.code).toBe(5);
    expect(lastJson(ended)).toMatchObject({ error: { code: 'bad-data' } });
    expectPlain(ended);
    const status = lastJson(await command.run(['status', ...at('victim'), '--json']));
    expect(status).toMatchObject({ purchases: [{ complete: false, verified: 0, paid: '0' }] });
    const names = await readdir(join(root, 'victim-bought'));
    expect(names.filter((name) => !name.startsWith('.spillway-partial'))).toEqual([]);
  }, 60_000);

  /** Turns a byte of every stored object that is a full chunk. */
  async function spoil(folder: string, size: number): Promise<void> {
    let found = 0;
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path);
      if (bytes.length < size) continue;
      const at = bytes.length - 1000;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await truncate(path, 0);
      await writeFile(path, bytes);
      found += 1;
    }
    expect(found).toBeGreaterThan(0);
  }
});
