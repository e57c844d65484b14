// Lints the template that `npm run synth` made: node scripts/lint-template.mjs. Needs cfn-lint on PATH (pip install cfn-lint).
import { spawnSync } from 'node:child_process';

const TEMPLATE = 'cdk.out/Spillway.template.json';
// W3005: the CDK writes down dependencies that references imply already.
const { error, status } = spawnSync('cfn-lint', ['--ignore-checks', 'W3005', '--', TEMPLATE], {
  stdio: 'inherit',
});
if (error?.code === 'ENOENT') console.error(`cfn-lint is not on PATH: ${TEMPLATE} WAS NOT LINTED`);
else if (error) throw error;
else {
  if (status === 0) console.log(`cfn-lint finds nothing in ${TEMPLATE}`);
  process.exitCode = status ?? 1;
}
