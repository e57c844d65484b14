import { benchFunctions } from './functions/functions.ts';
import { benchPayments } from './payments/payments.ts';
import { benchSweep } from './sweep-cost.ts';
import { benchLong } from './transfer/long.ts';
import { benchTransfer } from './transfer/transfer.ts';

/** npm run bench -- <name> [arguments]. Each prints counts and ratios of one run; none is a test. */
const BENCHES: Readonly<Record<string, (...args: string[]) => Promise<void>>> = {
  functions: benchFunctions,
  payments: benchPayments,
  sweep: benchSweep,
  transfer: benchTransfer,
  long: benchLong,
};

const [name = '', ...args] = process.argv.slice(2);
const bench = BENCHES[name];
if (!bench) throw new Error(`name one of: ${Object.keys(BENCHES).join(', ')}`);
await bench(...args);
