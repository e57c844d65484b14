import { checkPrinted, takePrintedSecrets } from './printed-secrets.ts';

/**
 * Set up for every test file: a test that prints a secret fails. Console and streams are wrapped as a whole, so that what a
 * test's own spy takes away is seen too.
 */
function watched<T extends object>(target: T, prints: readonly string[]): T {
  return new Proxy(target, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name);
      if (typeof value !== 'function') return value;
      return new Proxy(value, {
        apply(method, _self, parts) {
          if (prints.includes(String(name))) checkPrinted(...parts);
          return Reflect.apply(method, of, parts);
        },
      });
    },
  });
}

const LEVELS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'];
globalThis.console = watched(globalThis.console, LEVELS);
for (const name of ['stdout', 'stderr'] as const) {
  const stream = watched(process[name], ['write', 'end']);
  Object.defineProperty(process, name, { value: stream, configurable: true });
}

const nothingPrinted = () => {
  const found = takePrintedSecrets();
  if (found.length > 0) throw new Error(`a secret was printed:\n${found.join('\n')}`);
};
afterEach(nothingPrinted);
afterAll(nothingPrinted);
