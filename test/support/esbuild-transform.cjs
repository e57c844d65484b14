const { createHash } = require('node:crypto');
const { transformSync, version } = require('esbuild');

/** Jest runs CommonJS; esbuild, which also builds the deployed bundles, turns each module into it. */
const OPTIONS = {
  format: 'cjs',
  target: 'node20',
  // Where import() is kept, jest refuses it: it would need VM modules.
  supported: { 'dynamic-import': false },
  sourcemap: 'inline',
  // import.meta does not exist in CommonJS; the few places that use it want the module's address.
  define: { 'import.meta.url': '__importMetaUrl' },
  banner: `const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;`,
};

module.exports = {
  getCacheKey(source, path) {
    return createHash('sha256')
      .update(version)
      .update(JSON.stringify(OPTIONS))
      .update('\0')
      .update(path)
      .update('\0')
      .update(source)
      .digest('hex');
  },
  process(source, path) {
    const { code } = transformSync(source, {
      sourcefile: path,
      loader: path.endsWith('.ts') ? 'ts' : 'js',
      ...OPTIONS,
    });
    return { code };
  },
};
