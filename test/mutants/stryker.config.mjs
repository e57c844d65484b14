/**
 * npm run mutants -- protocol|channel: what the unit tests of one floor find of the mistakes that could be made in it. Other suites
 * would find more; these must do alone.
 */
const floor = process.env.SPILLWAY_MUTANTS ?? 'protocol';

export default {
  plugins: ['./test/mutants/node_modules/@stryker-mutator/mocha-runner/dist/src/index.js'],
  testRunner: 'mocha',
  mochaOptions: { spec: ['test/mutants/jest-on-mocha.cjs'] },
  // TypeScript 7 has no programming interface for Stryker's rewriting of it, and esbuild reads none of what it would rewrite.
  tsconfigFile: 'none',
  coverageAnalysis: 'perTest',
  // Only a failing score is a failure: docs/mutants.md.
  thresholds: { high: 95, low: 85, break: 85 },
  mutate: [`shared/${floor}/**/*.ts`],
  ignorePatterns: ['.bitcoind', '.lambda-runtime', 'dist', 'cdk.out'],
  // Texts are for people; the tests hold those that a program reads.
  mutator: { excludedMutations: ['StringLiteral'] },
  reporters: ['progress-append-only', 'clear-text', 'json'],
  jsonReporter: { fileName: `coverage/mutants-${floor}.json` },
  clearTextReporter: { reportTests: false, logTests: false, allowColor: false },
  concurrency: 1,
  // Long, or a busy machine would count as found what it was only slow with.
  timeoutMS: 60_000,
  tempDirName: '.stryker',
};
