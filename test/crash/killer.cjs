/**
 * Loaded before a program (node --require): counts what the process does to its disk and to its table, and ends it with SIGKILL
 * at one of these steps. From the environment: CRASH_STEPS is a file that takes the name of each step, CRASH_AT the number of the
 * one to die at, CRASH_WHEN whether before it, within it or after it.
 */
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const { basename, dirname } = require('node:path');
const { isMainThread } = require('node:worker_threads');
const { ClassicLevel } = require('classic-level');

const { CRASH_STEPS, CRASH_AT, CRASH_WHEN } = process.env;
const promises = fs.promises;
const die = () => process.kill(process.pid, 'SIGKILL');
let steps = 0;

/** @param half what a write does before it is cut off */
async function step(what, effect, half) {
  const when = ++steps === Number(CRASH_AT) ? CRASH_WHEN : undefined;
  fs.appendFileSync(CRASH_STEPS, `${what}\n`);
  if (when === 'before') die();
  if (when === 'within') {
    await half?.();
    die();
  }
  const result = await effect();
  if (when === 'after') die();
  return result;
}

/** The end of a path says what a step is about; random parts and places of this run do not. */
const shortened = (path) =>
  `${basename(dirname(String(path)))}/${basename(String(path))}`.replaceAll(/[0-9a-f]{12,}/g, '*');

function replace(target, name, describe, halve) {
  const original = target[name];
  target[name] = function (...parameters) {
    const effect = () => original.apply(this, parameters);
    const half = halve?.(parameters);
    return step(describe(this, parameters), effect, half && (() => original.apply(this, half)));
  };
}

const pathOf = new WeakMap();
const HANDLE_STEPS = ['appendFile', 'writeFile', 'write', 'truncate', 'sync', 'datasync'];
const halfOfText = ([data, ...rest]) =>
  typeof data === 'string' ? [data.slice(0, data.length >> 1), ...rest] : undefined;

function watchHandles(prototype) {
  for (const name of HANDLE_STEPS) {
    replace(prototype, name, (handle) => `${name} ${shortened(pathOf.get(handle))}`, halfOfText);
  }
}

function watchDisk() {
  const { open } = promises;
  let watched = false;
  promises.open = async (path, ...rest) => {
    const handle = await open(path, ...rest);
    // The prototype of open files has no other way to it.
    if (!watched) watchHandles(Object.getPrototypeOf(handle));
    watched = true;
    pathOf.set(handle, path);
    return handle;
  };
  replace(promises, 'rename', (_, [, to]) => `rename to ${shortened(to)}`);
  replace(
    promises,
    'writeFile',
    (_, [path]) => `writeFile ${shortened(path)}`,
    ([path, ...data]) => {
      const half = halfOfText(data);
      return half && [path, ...half];
    },
  );
  for (const name of ['mkdir', 'rmdir', 'rm'])
    replace(promises, name, (_, [path]) => `${name} ${shortened(path)}`);
  syncBuiltinESMExports();
}

/** What dynalite keeps its tables in. */
function watchTable() {
  for (const name of ['_put', '_del', '_batch']) replace(ClassicLevel.prototype, name, () => `table ${name}`);
}

// The bytes of the dataset are written by worker threads, and are no steps: they come in pieces of any size.
if (isMainThread) {
  watchDisk();
  watchTable();
}
