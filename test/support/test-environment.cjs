const { AsyncLocalStorage } = require('node:async_hooks');
const { TestEnvironment } = require('jest-environment-node');

/**
 * Jest's runner notes the test that runs in an AsyncLocalStorage, and where one is used Node 20 follows every promise of the process: an
 * eighth of the time of the long ones. Tests of a file run one after the other, so a variable holds as much.
 */
const { run, getStore } = AsyncLocalStorage.prototype;
const ofTheRunner = new WeakMap();
const isOfTheRunner = (store) => store !== null && typeof store === 'object' && 'test' in store;

AsyncLocalStorage.prototype.run = function (store, callback, ...args) {
  if (!isOfTheRunner(store)) return run.call(this, store, callback, ...args);
  const before = ofTheRunner.get(this);
  ofTheRunner.set(this, store);
  const ended = () => ofTheRunner.set(this, before);
  // The runner's callbacks are asynchronous.
  return callback(...args).finally(ended);
};

AsyncLocalStorage.prototype.getStore = function () {
  return ofTheRunner.has(this) ? ofTheRunner.get(this) : getStore.call(this);
};

module.exports = TestEnvironment;
