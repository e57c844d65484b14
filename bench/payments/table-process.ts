import { join } from 'node:path';
import { startTableServer } from '../../local/table-server.ts';

/** The table, on disk: node scripts/run.mjs bench/payments/table-process.ts FOLDER */
const [folder = ''] = process.argv.slice(2);
const table = await startTableServer(join(folder, 'table'), 0);
process.once('SIGTERM', () => void table.stop().then(() => process.exit(0)));
process.stdout.write(`${table.url}\n`);
