const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { resolve } = require('node:path');
const { buildSync, transformSync, version } = require('esbuild');

/** Jest runs CommonJS; esbuild, which also builds the deployed bundles, turns each module into it. */
const OPTIONS = {
  format: 'cjs',
  target: 'node20',
  // Where import() is kept, jest refuses it: it would need VM modules.
  supported: { 'dynamic-import': false },
};

/** Ours: each module by itself, for tests put others in its place. */
const SOURCE = {
  ...OPTIONS,
  sourcemap: 'inline',
  // import.meta does not exist in CommonJS; the few places that use it want the module's address.
  define: { 'import.meta.url': '__importMetaUrl' },
  banner: `const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;`,
};

/**
 * A package's module takes the package's other modules into itself: what they call in one another is then a local function and
 * not a getter of an object, with which hashes and curves take twice the time.
 */
const PACKAGE = {
  ...OPTIONS,
  bundle: true,
  packages: 'external',
  platform: 'node',
  write: false,
  logLevel: 'error',
};

const isPackage = (path) => path.includes('/node_modules/');
const packages = readFileSync(resolve(__dirname, '../../package-lock.json'));

module.exports = {
  getCacheKey(source, path) {
    return createHash('sha256')
      .update(version)
      .update(JSON.stringify([SOURCE, PACKAGE]))
      .update(isPackage(path) ? packages : '')
      .update('\0')
      .update(path)
      .update('\0')
      .update(source)
      .digest('hex');
  },
  process(source, path) {
    if (isPackage(path)) {
      return { code: buildSync({ ...PACKAGE, entryPoints: [path] }).outputFiles[0].text };
    }
    const loader = path.endsWith('.ts') ? 'ts' : 'js';
    return { code: transformSync(source, { sourcefile: path, loader, ...SOURCE }).code };
  },
};
