// Said once per process by the AWS SDK on Node 20, which we support on purpose (package.json, engines).
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** @type {import('jest').Config} */
export default {
  testEnvironment: '<rootDir>/test/support/test-environment.cjs',
  roots: ['<rootDir>/test'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  setupFilesAfterEnv: ['<rootDir>/test/support/watch-prints.ts'],
  testMatch: ['**/*.test.ts'],
  // @noble and its relatives publish ES modules only, so they pass through the same transform as our sources.
  transform: { '\\.(ts|js|mjs)$': '<rootDir>/test/support/esbuild-transform.cjs' },
  transformIgnorePatterns: [
    '/node_modules/(?!(@noble|@scure|@bitauth|canonicalize|p-retry|is-network-error|env-paths|is-safe-filename|uint8array-tools|valibot)/)',
  ],
  // canonicalize exports itself to `import` alone; jest asks as `require`.
  moduleNameMapper: { '^canonicalize$': '<rootDir>/node_modules/canonicalize/lib/canonicalize.js' },
  // Most suites wait for processes and disks: all cores, where jest would leave one idle.
  maxWorkers: '100%',
  testTimeout: 30_000,
};
