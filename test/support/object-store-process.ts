import { startObjectStore } from '../../local/object-store/server.ts';
import { systemClock } from '../../shared/clock.ts';

/** The object store as a process of its own, to be killed: `node <bundle> <folder> <accessKeyId> <secretAccessKey> <region>`. */
const [folder = '', accessKeyId = '', secretAccessKey = '', region = ''] = process.argv.slice(2);
startObjectStore({ folder, accessKeyId, secretAccessKey, region, clock: systemClock }).then(
  ({ url }) => process.stdout.write(`${url}\n`),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
