import { join } from 'node:path';
import { logToFile } from '../../local/log-file.ts';
import { startShop } from '../../local/start-shop.ts';

/**
 * A local shop in a process of its own, so that its work is not counted as the buyer's; its links lead to `endpoint`.
 *   node scripts/run.mjs bench/transfer/shop-process.ts FOLDER ENDPOINT
 */
const [folder, endpoint] = process.argv.slice(2);
if (!folder) throw new Error('name the folder');
logToFile(join(folder, 'shop.log'));
const shop = await startShop({ folder, sweepEvery: 1_000, chain: 'embedded' });
// Read by the S3 client as the functions make it, which is at the first request.
if (endpoint) process.env.AWS_ENDPOINT_URL_S3 = endpoint;
process.once('SIGTERM', () => void shop.stop().then(() => process.exit(0)));
process.stdout.write('ready\n');
