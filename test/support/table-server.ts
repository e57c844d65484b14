import { DYNALITE, type RunningTables } from './tables.ts';

/** One table server for all tests of a file, started before and stopped after them. */
export function tableServer(): () => RunningTables {
  let running: RunningTables | undefined;
  beforeAll(async () => {
    running = await DYNALITE.start();
  });
  afterAll(() => running?.stop());
  return () => {
    if (!running) throw new Error('the table server is not running');
    return running;
  };
}
