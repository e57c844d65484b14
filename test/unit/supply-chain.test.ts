import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PERMISSIVE, runtimePackages } from '../../scripts/runtime-packages.ts';

const packages = runtimePackages('.');

test('the packages that come along are found, those asked for by name among them', () => {
  const asked = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies);
  const direct = packages.filter(({ isDirect }) => isDirect).map(({ name }) => name);
  expect(direct).toEqual(asked.sort((one, other) => one.localeCompare(other)));
  expect(packages.length).toBeGreaterThan(direct.length);
});

test('all of them are under a permissive licence', () => {
  const others = packages.filter(({ licence }) => !PERMISSIVE.has(licence));
  expect(others.map(({ name, licence }) => `${name}: ${licence}`)).toEqual([]);
});

test('npm runs nobody’s script when it installs', () => {
  expect(readFileSync('.npmrc', 'utf8').split('\n')).toContain('ignore-scripts=true');
  const setting = execFileSync('npm', ['config', 'get', 'ignore-scripts'], { encoding: 'utf8' });
  expect(setting.trim()).toBe('true');
});

/** LevelDB for the local shop's table; its script would only compile where no build came along. */
test('the one package with an install script brings builds and works without it', () => {
  const scripted = packages.filter(({ hasInstallScript }) => hasInstallScript);
  expect(scripted.map(({ name }) => name)).toEqual(['classic-level']);
  for (const { name, folder } of scripted) {
    const builds = ['linux-x64', 'linux-arm64', 'darwin-x64+arm64', 'win32-x64'];
    expect(builds.filter((build) => !existsSync(join(folder, 'prebuilds', build)))).toEqual([]);
    expect(existsSync(join(folder, 'build'))).toBe(false);
    expect(() => jest.requireActual(name)).not.toThrow();
  }
});
