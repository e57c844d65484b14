import { readFileSync } from 'node:fs';
import { PROBLEMS } from '../../../shared/errors.ts';
import { ROUTES } from '../../../shared/http/routes.ts';
import * as limits from '../../../shared/limits.ts';
import { DUST_LIMIT } from '../../../shared/protocol/script.ts';

/** docs/protocol.md is what a stranger builds a buyer from: what it says of names and numbers must be what the code does. */
const TEXT = readFileSync(`${__dirname}/../../../docs/protocol.md`, 'utf8');
const problemRows = TEXT.split('\n').filter((line) => /^\| `[a-z-]+`.* \| [45]\d\d \|/.test(line));

test('every problem stands in the table with its status, and no other', () => {
  const documented = problemRows.flatMap((row) => {
    const [, names = '', status = ''] = row.split('|');
    return [...names.matchAll(/`([a-z-]+)`/g)].map(([, name]) => [name, Number(status)]);
  });
  const inCode = Object.entries(PROBLEMS).map(([name, { status }]) => [name, status]);
  expect(documented.sort()).toEqual(inCode.sort());
});

test.each(Object.values(ROUTES))('the route $method $path is described', ({ method, path }) => {
  const written = path.replace('{chunk}', '{n}');
  expect(TEXT).toContain(`**\`${method} ${written}\`**`);
});

test('the bounds it names are those of the code', () => {
  expect(TEXT).toContain(`at most \`${limits.MAX_SATOSHIS}\``);
  expect(TEXT).toContain(`<0 to ${limits.MAX_VOUT}>`);
  expect(TEXT).toContain(`Bodies have at most ${limits.MAX_BODY_BYTES / 1024} KiB`);
  expect(TEXT).toContain(`differ by at most ${limits.MAX_CLOCK_SKEW_SECONDS} s`);
  expect(TEXT).toContain(`up to ${limits.MAX_REFUND_OUTPOINTS} outpoints`);
  expect(TEXT).toContain(
    `${limits.MAX_URLS_UNPAID} for an unpaid chunk, ${limits.MAX_URLS_PAID_PER_DAY} a day`,
  );
  expect(TEXT).toContain(`A settlement has at most ${limits.MAX_SETTLEMENT_VBYTES.toLocaleString('en')} vB`);
  expect(TEXT).toContain(`(${DUST_LIMIT.P2WPKH} for P2WPKH, ${DUST_LIMIT.P2TR} for P2WSH and P2TR)`);
  expect(TEXT).toContain(`ends after ${limits.URL_LIFETIME_SECONDS / 60} minutes`);
  expect(TEXT).toContain(
    `segments of \`segmentSize\` = min(${limits.SEGMENT_BYTES / 2 ** 20} MiB, chunkSize)`,
  );
});
