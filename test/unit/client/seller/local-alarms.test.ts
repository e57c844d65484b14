import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localAlarms } from '../../../../client/seller/local-alarms.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-alarms-'));
});
afterEach(() => rm(folder, { recursive: true }));

const line = (second: number, fields: object) => {
  const timestamp = `2026-11-26T12:00:${String(second).padStart(2, '0')}.000Z`;
  return `${timestamp} ${JSON.stringify({ level: 'WARN', timestamp, service: 'spillway', ...fields })}\n`;
};

test('the last ten alarms, the latest first, and no other line', async () => {
  const alarms = Array.from({ length: 12 }, (_, second) =>
    line(second, { message: 'sweep-failed', alarm: true, reason: `number ${second}` }),
  );
  const others = [
    line(20, { message: 'sweep-done', height: 5 }),
    line(21, { message: 'alarm', alarm: 'true' }),
    'a line of something else\n',
    '2026 {"alarm":true\n',
  ];
  const text = [...alarms, ...others, line(30, { message: 'signing-failed', alarm: true })].join('');
  await writeFile(join(folder, 'shop.log'), text);
  const told = await localAlarms(folder);
  expect(told).toHaveLength(10);
  expect(told.slice(0, 2)).toEqual([
    { at: '2026-11-26T12:00:30.000Z', event: 'signing-failed' },
    { at: '2026-11-26T12:00:11.000Z', event: 'sweep-failed', reason: 'number 11' },
  ]);
  expect(told.at(-1)).toMatchObject({ reason: 'number 3' });
});

test('of a long log its end is looked at; without one there is no alarm', async () => {
  expect(await localAlarms(folder)).toEqual([]);
  const quiet = line(1, { message: 'sweep-done' });
  const early = line(0, { message: 'sweep-failed', alarm: true });
  const late = line(2, { message: 'sweep-failed', alarm: true });
  await writeFile(join(folder, 'shop.log'), early + quiet.repeat(2 ** 20 / quiet.length + 1) + late);
  expect(await localAlarms(folder)).toEqual([{ at: '2026-11-26T12:00:02.000Z', event: 'sweep-failed' }]);
});

test('what the shop’s own log writes is read', async () => {
  const program = `
    import { logToFile } from './local/log-file.ts';
    import { powertoolsLog } from './shared/powertools-log.ts';
    logToFile(${JSON.stringify(join(folder, 'shop.log'))});
    process.env.POWERTOOLS_METRICS_NAMESPACE = 'test';
    powertoolsLog('sweep-failed', { alarm: true, channels: ['ab'], reason: 'Error: no' });
    powertoolsLog('sweep-done', { height: 5 });`;
  const script = join(folder, 'log.ts');
  await writeFile(script, program.replaceAll("'./", `'${process.cwd()}/`));
  const ran = spawnSync(process.execPath, ['scripts/run.mjs', script], { encoding: 'utf8' });
  expect([ran.status, ran.stderr]).toEqual([0, '']);
  expect(await localAlarms(folder)).toEqual([
    { at: expect.any(String), event: 'sweep-failed', reason: 'Error: no' },
  ]);
});
