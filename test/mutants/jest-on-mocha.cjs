/**
 * The unit tests of one floor, written for jest, on mocha: mocha loads them once and Stryker changes the mistake below them, where
 * jest would load everything again for each mistake.
 */
const { readdirSync, readFileSync } = require('node:fs');
const Module = require('node:module');
const { join, resolve } = require('node:path');
const { expect } = require('expect');
const { bind } = require('jest-each');
const { spyOn } = require('jest-mock');
const { process: compiled } = require('../support/esbuild-transform.cjs');

const root = resolve(__dirname, '../..');
const floor = process.env.SPILLWAY_MUTANTS;
/** It runs the floor in a realm of its own, where no mistake is switched on. */
const APART = ['browser.test.ts'];

/** Path of a module → what makes its stand-in. */
const replaced = new Map();

Module._extensions['.ts'] = (module, path) => {
  const { code } = compiled(readFileSync(path, 'utf8'), path);
  module._compile(`const jest = globalThis.jestOf(require);${code}`, path);
};

const { _load: load, _resolveFilename: resolveFilename } = Module;
Module._resolveFilename = (request, ...rest) =>
  // As in jest.config.mjs.
  request === 'canonicalize'
    ? join(root, 'node_modules/canonicalize/lib/canonicalize.js')
    : resolveFilename.call(Module, request, ...rest);
Module._load = (request, parent, ...rest) => {
  const make = replaced.size > 0 && request.startsWith('.') && replaced.get(resolveFilename(request, parent));
  return make ? make() : load.call(Module, request, parent, ...rest);
};

/** What the tests use of `jest`, for the module whose `require` this is. */
globalThis.jestOf = (require) => ({
  spyOn,
  isolateModules(loadAgain) {
    const loaded = { ...Module._cache };
    for (const path of Object.keys(loaded)) if (path.endsWith('.ts')) delete Module._cache[path];
    try {
      loadAgain();
    } finally {
      Object.assign(Module._cache, loaded);
    }
  },
  doMock(request, make) {
    const path = require.resolve(request);
    replaced.set(path, () => {
      replaced.delete(path);
      return make();
    });
  },
  dontMock: (request) => replaced.delete(require.resolve(request)),
  requireActual: require,
});

const { describe, it, before, after, afterEach } = globalThis;
const test = (title, run) => it(title, run);
const suite = (title, define) => describe(title, define);
Object.assign(globalThis, {
  expect,
  test: Object.assign(test, { each: bind(test) }),
  describe: Object.assign(suite, { each: bind(suite, false) }),
  beforeAll: before,
  afterAll: after,
});

// One mistake is often found by the file that found the one before, which stands beside it: that file goes first from now on.
afterEach(function () {
  if (!this.currentTest.isFailed()) return;
  let found = this.currentTest.parent;
  while (!found.parent.root) found = found.parent;
  const { suites } = found.parent;
  suites.unshift(...suites.splice(suites.indexOf(found), 1));
});

const folder = join(root, 'test/unit', floor);
for (const file of readdirSync(folder).filter((name) => name.endsWith('.test.ts') && !APART.includes(name))) {
  suite(file, () => {
    try {
      require(join(folder, file));
    } catch (error) {
      // A file that cannot load is a red one, as in jest; left to mocha it would be an error of the run.
      test('loads', () => {
        throw error;
      });
    }
  });
}
