import { join } from 'node:path';
import { startGateway } from '../../local/gateway.ts';
import { logToFile } from '../../local/log-file.ts';

/** The shop's functions behind the local gateway, with the environment as it is: bench/payments/gateway-process.ts FOLDER */
const [folder = ''] = process.argv.slice(2);
logToFile(join(folder, 'shop.log'));
const gateway = await startGateway(0);
process.once('SIGTERM', () => void gateway.stop().then(() => process.exit(0)));
process.stdout.write(`${gateway.url}\n`);
