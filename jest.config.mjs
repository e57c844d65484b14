/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // @noble and its relatives publish ES modules only, so they pass through the same transform as our sources.
  transform: { '\\.(ts|js|mjs)$': '<rootDir>/test/support/esbuild-transform.cjs' },
  transformIgnorePatterns: [
    '/node_modules/(?!(@noble|@scure|canonicalize|p-retry|is-network-error|env-paths|is-safe-filename|uint8array-tools|valibot)/)',
  ],
  // canonicalize exports itself to `import` alone; jest asks as `require`.
  moduleNameMapper: { '^canonicalize$': '<rootDir>/node_modules/canonicalize/lib/canonicalize.js' },
  testTimeout: 30_000,
};
