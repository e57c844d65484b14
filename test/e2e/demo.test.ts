import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuiltCommand, buildCommand, lastJson } from '../support/built-command.ts';
import { availableChains } from '../support/chains.ts';
import { MIB, patterned } from '../support/object-store.ts';

let command: BuiltCommand;
let folder: string;
beforeAll(async () => {
  command = buildCommand();
  folder = await mkdtemp(join(tmpdir(), 'spillway-demo-test-'));
});
afterAll(async () => {
  await command.end();
  await rm(folder, { recursive: true, force: true });
});

test.each(availableChains())('the demo sells a file on $name and proves the sums', async (chain) => {
  const file = join(folder, 'file.bin');
  await writeFile(file, patterned(42 * MIB, 1));
  const args = ['--json', '--file', file, '--chunk-size', '5MiB', '--chain', chain.name];
  const ended = await command.demo(args, { environment: chain.environment });
  expect(ended).toMatchObject({ code: 0, signal: null });
  const result = lastJson(ended);
  expect(result).toEqual({
    chain: chain.name,
    bytes: 42 * MIB,
    // Eight of 5 MiB and one of 2: enough for credit. 8 × 5000 + 2000.
    chunks: 9,
    paidSats: '42000',
    // Without a history of blocks both chains estimate 10 sat/vB: a settlement of 138 vB, a funding of 153.
    sellerReceivedSats: '40620',
    buyerChangeSats: expect.stringMatching(/^[0-9]+$/),
    feesSats: '2910',
    fundingTxid: expect.stringMatching(/^[0-9a-f]{64}$/),
    settlementTxid: expect.stringMatching(/^[0-9a-f]{64}$/),
    sha256Match: true,
    resumedAfterKill: true,
    seconds: expect.any(Number),
  });
  expect(Number(result.seconds)).toBeLessThan(60);
  // With --json the story is beside the output, not in it.
  expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(ended.stderr).toMatch(/buyer is killed \(SIGKILL\)/);
  expect(ended.stderr).toMatch(/One funding, one settlement|one funding, one settlement/);
});
