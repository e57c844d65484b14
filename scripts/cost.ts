import { parseArgs } from 'node:util';
import { costTable } from './cost-table.ts';

/** npm run cost -- --chunks 100000 [--chunk-mib 1024] [--chunks-per-sale 16] [--stored-gb 1000] */
const { values } = parseArgs({
  options: {
    chunks: { type: 'string', default: '100000' },
    'chunk-mib': { type: 'string', default: '1024' },
    'chunks-per-sale': { type: 'string', default: '16' },
    'stored-gb': { type: 'string', default: '1000' },
  },
});

function positive(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (!Number.isFinite(value) || value <= 0) {
    process.stderr.write(`--${name} must be a number above 0\n`);
    process.exit(2);
  }
  return value;
}

process.stdout.write(
  costTable({
    chunks: positive('chunks'),
    chunkBytes: positive('chunk-mib') * 1024 * 1024,
    chunksPerSale: positive('chunks-per-sale'),
    storedGigabytes: positive('stored-gb'),
  }),
);
