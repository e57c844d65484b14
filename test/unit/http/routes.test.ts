import { existsSync, readdirSync } from 'node:fs';
import { ROUTES, routePath } from '../../../shared/http/routes.ts';

const routes = Object.values(ROUTES);
/** What else lies in functions/: the schedule's function, and what the handlers share. */
const OTHERS = ['settle-channels', 'handler', 'shop'];

test('there is one function for every route, and no other', () => {
  const files = readdirSync('functions').map((file) => file.replace(/\.ts$/, ''));
  expect(files.sort()).toEqual(
    [...routes.map(({ functionName }) => functionName as string), ...OTHERS].sort(),
  );
  for (const { functionName } of routes) expect(existsSync(`functions/${functionName}.ts`)).toBe(true);
});

test('no two routes share a function, or method and path', () => {
  expect(new Set(routes.map(({ functionName }) => functionName)).size).toBe(routes.length);
  expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length);
});

test('every route below /channels is proved by its channel key, or by a commitment', () => {
  for (const { path, caller } of routes) {
    expect(caller === 'anyone').toBe(!path.startsWith('/channels'));
  }
  expect(routes.filter(({ caller }) => caller === 'commitment').map(({ path }) => path)).toEqual([
    '/channels/{channelId}/commitments',
  ]);
});

test('a path is filled in, each parameter encoded, none left out', () => {
  expect(routePath(ROUTES.issueChunk, { channelId: 'a/b', chunk: '3' })).toBe('/channels/a%2Fb/chunks/3');
  expect(routePath(ROUTES.getShop)).toBe('/shop');
  expect(() => routePath(ROUTES.issueChunk, { channelId: 'ab' })).toThrow(
    '/channels/{channelId}/chunks/{chunk} needs chunk',
  );
});
