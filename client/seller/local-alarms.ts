import { open } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

/** A line of a local shop's log that calls for a person; a deployed one raises an alarm of CloudWatch. */
export interface LoggedAlarm {
  /** ISO 8601. */
  readonly at: string;
  readonly event: string;
  readonly reason?: string;
}

/** Bytes of the log's end that are looked at: some hours of a quiet shop. */
const LOOKED_AT = 2 ** 20;
const TOLD = 10;

const lineSchema = v.object({
  alarm: v.literal(true),
  timestamp: v.pipe(v.string(), v.isoTimestamp()),
  message: v.string(),
  reason: v.optional(v.string()),
});

/**
 * The last alarms of a local shop, the latest first.
 * @param folder the shop's
 */
export async function localAlarms(folder: string): Promise<readonly LoggedAlarm[]> {
  const lines = (await endOf(join(folder, 'shop.log'))).split('\n');
  return lines.flatMap(alarmOf).slice(-TOLD).reverse();
}

/** Empty where there is no log. */
async function endOf(path: string): Promise<string> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.min(size, LOOKED_AT));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** A time, a space and JSON, as `local/log-file.ts` writes it; whatever else is there is nobody's alarm. */
function alarmOf(line: string): LoggedAlarm[] {
  const json = line.slice(line.indexOf(' ') + 1);
  if (!json.startsWith('{')) return [];
  try {
    const { timestamp, message, reason } = v.parse(lineSchema, JSON.parse(json));
    return [{ at: timestamp, event: message, ...(reason !== undefined && { reason }) }];
  } catch {
    return [];
  }
}
