import { type BuiltCommand, buildCommand, lastJson } from '../support/built-command.ts';

let command: BuiltCommand;
beforeAll(() => {
  command = buildCommand();
});
afterAll(() => command.end());

/** By the most chunks that each may cost the seller; quick ones, of each kind. */
const QUICK = {
  'buyer-vanishes': 1,
  'refund-against-settlement': 1,
  'funding-reorged-out': 1,
  'settlement-reorged-out': 1,
  'funding-held-back': 0,
  'sweep-killed-before-broadcast': 0,
  'kept-cancel': 0,
  'table-restored': 1,
};

test('drills hold on the embedded chain: nobody loses a satoshi, and the seller one chunk at the most', async () => {
  const { code, stdout, stderr } = await command.drill([
    ...['--chain', 'embedded', '--json', '--only', ...Object.keys(QUICK)],
  ]);
  expect({ code, broken: stderr.match(/is broken: .*/g) }).toEqual({ code: 0, broken: null });
  expect(lastJson({ stdout })).toEqual({
    chain: 'embedded',
    drills: Object.entries(QUICK).map(([name, chunks]) => ({
      name,
      buyerLostSats: '0',
      sellerLostSats: '0',
      sellerLostChunks: chunks,
      runs: 1,
      ok: true,
    })),
  });
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
});

test('a drill that there is not is an error that names those there are', async () => {
  const { code, stderr } = await command.drill(['--chain', 'embedded', '--only', 'locusts']);
  expect(code).toBe(1);
  expect(stderr).toContain('there is no drill locusts; there are buyer-vanishes, seller-vanishes');
});
