import { readFileSync } from 'node:fs';
import { costTable } from '../../../scripts/cost-table.ts';
import { dollars, idleMonth, oneChunk, oneSale, sellingMonth, times } from '../../../shared/cost-model.ts';

const text = readFileSync('docs/deploy.md', 'utf8');

test('the table of costs is what npm run cost -- --chunks 100000 prints', () => {
  const question = { chunks: 100_000, chunkBytes: 2 ** 30, chunksPerSale: 16, storedGigabytes: 1_000 };
  expect(text).toContain(costTable(question));
});

test('a month is its parts', () => {
  const question = { chunks: 320, chunkBytes: 2 ** 30, chunksPerSale: 16, storedGigabytes: 0 };
  const rows = costTable(question).trim().split('\n').slice(-2);
  const [egress = 0, rest = 0] = rows.map((row) => Number(row.split('|')[2]));
  const all =
    dollars(idleMonth()) +
    dollars(sellingMonth()) +
    dollars(times(oneSale(), 20)) +
    dollars(times(oneChunk(2 ** 30), 320));
  expect(egress + rest).toBeCloseTo(all, 1);
});

test('every entry of the context is explained, and every entry of cdk.json', () => {
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8'));
  for (const name of [...Object.keys(context), 'sellerPublicKey', 'alarmEmail', 'domain', 'stackName']) {
    expect(text).toContain(`\`${name}\``);
  }
});
