import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { advance, TRANSITIONS } from '../../../shared/channel/transitions.ts';
import { CHANNEL_STATES, type ChannelState } from '../../../shared/http/api.ts';
import type { Log } from '../../../shared/log.ts';
import type { ChannelStore } from '../../../shared/store/channel-record.ts';

const allowed = new Set([
  'PROPOSED → OPEN',
  'PROPOSED → REFUSED',
  'PROPOSED → CANCELLED',
  'PROPOSED → EXPIRED',
  'OPEN → SUSPENDED',
  'OPEN → CLOSING',
  'OPEN → CANCELLED',
  'SUSPENDED → OPEN',
  'SUSPENDED → CLOSING',
  'CLOSING → SETTLED',
  'CLOSING → EXPIRED',
  'REFUSED → CANCELLED',
]);

const pairs = CHANNEL_STATES.flatMap((from) => CHANNEL_STATES.map((to) => [from, to] as const));

const log = () => undefined;

/** A store that writes down what it is asked. */
function asked(): { store: ChannelStore; changes: unknown[] } {
  const changes: unknown[] = [];
  const store = {
    change(...parameters: unknown[]) {
      changes.push(parameters);
      return Promise.resolve(undefined);
    },
  } as unknown as ChannelStore;
  return { store, changes };
}

test.each(pairs)('%s → %s is in the table or throws before any write', async (from, to) => {
  const { store, changes } = asked();
  const attempt = async () => advance({ channels: store, log }, 'id', { states: [from] }, to, { dueAt: 7 });
  if (allowed.has(`${from} → ${to}`)) {
    await attempt();
    expect(changes).toEqual([['id', { states: [from] }, { dueAt: 7, state: to }]]);
  } else {
    await expect(attempt()).rejects.toThrow(new TypeError(`no transition from ${from} to ${to}`));
    expect(changes).toEqual([]);
  }
});

test('the table is these twelve', () => {
  const listed = CHANNEL_STATES.flatMap((from) => TRANSITIONS[from].map((to) => `${from} → ${to}`));
  expect(new Set(listed)).toEqual(allowed);
  expect(listed).toHaveLength(12);
});

test('one source that is not allowed spoils all', async () => {
  const { store, changes } = asked();
  await expect(
    (async () => advance({ channels: store, log }, 'id', { states: ['OPEN', 'CLOSING'] }, 'CANCELLED'))(),
  ).rejects.toThrow('no transition from CLOSING to CANCELLED');
  expect(changes).toEqual([]);
});

test('each state that a channel comes into is told by a line of its own, and what was not written is not', async () => {
  const lines: string[] = [];
  const tell: Log = (event, fields) => lines.push(`${event} ${JSON.stringify(fields)}`);
  const moved = async (from: ChannelState, to: ChannelState, isWritten: boolean) => {
    const after = isWritten ? { id: 'id', state: to, paid: 3 } : undefined;
    const store = { change: () => Promise.resolve(after) } as unknown as ChannelStore;
    await advance({ channels: store, log: tell }, 'id', { states: [from] }, to, {}, { reason: 'due' });
  };
  for (const [from, to] of pairs.filter(([one, other]) => TRANSITIONS[one].includes(other))) {
    lines.length = 0;
    await moved(from, to, false);
    expect(lines).toEqual([]);
    await moved(from, to, true);
    expect(lines).toEqual([expect.stringMatching(/^[a-z-]+ {"channelId":"id","paid":3,"reason":"due"}$/)]);
  }
});

test('the use cases change a state by this table alone', () => {
  const folder = 'shared/channel';
  for (const file of readdirSync(folder).filter((name) => name !== 'transitions.ts')) {
    const source = readFileSync(join(folder, file), 'utf8');
    // `change` takes no state anywhere: only `advance` passes one on.
    const direct = [...source.matchAll(/channels\s*\.change\(([\s\S]*?)\n\s*\)/g)].map(([, text]) => text);
    for (const text of direct) expect(text).not.toMatch(/\bstate:/);
  }
});
