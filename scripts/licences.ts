/** Lists what comes along where Spillway runs: npm run licences */
import { PERMISSIVE, runtimePackages } from './runtime-packages.ts';

const packages = runtimePackages('.');
const inKib = (bytes: number) => `${Math.ceil(bytes / 1024).toLocaleString('en')} KiB`;
const rows = packages.map(({ name, version, isDirect, licence, size, hasInstallScript }) => [
  isDirect ? name : `  ${name}`,
  version,
  PERMISSIVE.has(licence) ? licence : `${licence || 'none'} (not permissive)`,
  inKib(size),
  hasInstallScript ? 'has an install script, not run' : '',
]);
const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
for (const [name = '', version = '', licence = '', size = '', script = ''] of rows) {
  const [wide = 0, second = 0, third = 0, fourth = 0] = widths;
  const line = `${name.padEnd(wide)}  ${version.padEnd(second)}  ${licence.padEnd(third)}  ${size.padStart(fourth)}  ${script}`;
  console.log(line.trimEnd());
}
const direct = packages.filter(({ isDirect }) => isDirect).length;
const total = packages.reduce((sum, { size }) => sum + size, 0);
console.log(`\n${packages.length} packages, ${direct} of them asked for by name, ${inKib(total)} installed`);
