import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ROUTES } from '../../shared/http/routes.ts';

/** Rooms by floor, each a folder; what lies in shared/ itself is the ground. */
const FLOORS: Readonly<Record<string, number>> = {
  'shared/protocol/': 1,
  'shared/store/': 2,
  'shared/dataset/': 2,
  'shared/chain/': 2,
  'shared/signer/': 2,
  'shared/http/': 2,
  'shared/pages/': 2,
  'shared/settlement/': 3,
  'shared/channel/': 3,
  'functions/': 4,
  'client/buyer/': 4,
  'client/seller/': 4,
  'client/storefront/': 5,
  'client/sdk/': 5,
  'client/cli/': 5,
  'client/console/': 5,
  'infra/': 5,
  'local/': 5,
};

const MAX_LINES = 300;
const MAX_FUNCTION_LINES = 40;

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
  /** Those without the ones that are of types alone and vanish when the file is built. */
  readonly runtimeImports: readonly string[];
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function read(path: string): Source {
  const text = readFileSync(path, 'utf8');
  const statements = [...text.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)';/gms)];
  const bare = [...text.matchAll(/^import\s+'([^']+)';|\bimport\('([^']+)'\)/gm)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  const resolved = (name: string) => (name.startsWith('.') ? normalize(join(dirname(path), name)) : name);
  const imports = [...statements.map((match) => match[2] ?? ''), ...bare].map(resolved);
  const values = statements.filter((match) => !match[1]).map((match) => match[2] ?? '');
  return { path, text, imports, runtimeImports: [...values, ...bare].map(resolved) };
}

const sources = ['shared', 'functions', 'client', 'local', 'infra'].flatMap(filesIn).map(read);

function floorOf(path: string): number {
  if (/^shared\/[^/]+$/.test(path)) return 0;
  const room = Object.keys(FLOORS).find((folder) => path.startsWith(folder));
  const floor = room === undefined ? undefined : FLOORS[room];
  if (floor === undefined) throw new Error(`${path} is in no room`);
  return floor;
}

const isOurs = (name: string) => /^(shared|functions|client|local|infra|test|scripts|bench)\//.test(name);

test('every file is in a room', () => {
  expect(sources.length).toBeGreaterThan(80);
  for (const { path } of sources) expect(() => floorOf(path)).not.toThrow();
});

test('a file imports from its own floor or a lower one', () => {
  const upward = sources.flatMap(({ path, imports }) =>
    imports
      .filter(isOurs)
      .filter((name) => name.startsWith('test/') || floorOf(name) > floorOf(path))
      .map((name) => `${path} imports ${name}`),
  );
  expect(upward).toEqual([]);
});

test('what is imported is there', () => {
  const paths = new Set(sources.map(({ path }) => path));
  const missing = sources.flatMap(({ path, imports }) =>
    imports.filter((name) => isOurs(name) && !paths.has(name)).map((name) => `${path} imports ${name}`),
  );
  expect(missing).toEqual([]);
});

test('the two sides do not import each other: they meet in shared/', () => {
  const sides = ['functions/', 'client/buyer/', 'client/seller/'];
  const crossings = sources.flatMap(({ path, imports }) => {
    const side = sides.find((room) => path.startsWith(room));
    const others = sides.filter((room) => room !== side);
    return side ? imports.filter((name) => others.some((room) => name.startsWith(room))) : [];
  });
  expect(crossings).toEqual([]);
});

test('no file imports itself over others', () => {
  const graph = new Map(sources.map(({ path, runtimeImports }) => [path, runtimeImports.filter(isOurs)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  function visit(path: string, trail: readonly string[]): void {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(' → '));
    if (at >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  }
  for (const path of graph.keys()) visit(path, []);
  expect(cycles).toEqual([]);
});

test('the protocol floor loads in a browser: no node: module, no Buffer', () => {
  const protocol = sources.filter(({ path }) => path.startsWith('shared/protocol/'));
  expect(protocol.length).toBeGreaterThan(10);
  for (const { imports } of protocol) expect(imports.filter((name) => name.startsWith('node:'))).toEqual([]);
});

test('the use cases know no AWS and no HTTP library', () => {
  const useCases = sources.filter(({ path }) => path.startsWith('shared/channel/'));
  const foreign = useCases.flatMap(({ path, imports }) =>
    imports
      .filter((name) => /^(node:|@aws-sdk|aws-lambda)/.test(name))
      .map((name) => `${path} imports ${name}`),
  );
  expect(foreign).toEqual([]);
});

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const lengths = sources.map(({ path, text }) => [path, text.split('\n').length - 1] as const);
  expect(lengths.filter(([, lines]) => lines > MAX_LINES)).toEqual([]);
});

test(`no function is longer than ${MAX_FUNCTION_LINES} lines`, () => {
  const names: ReadonlySet<string> = new Set(
    Object.values(ROUTES).map(({ functionName }) => `functions/${functionName}.ts`),
  );
  const functions = sources.filter(({ path }) => names.has(path));
  expect(functions).toHaveLength(names.size);
  const lengths = functions.map(({ path, text }) => [path, text.split('\n').length - 1] as const);
  expect(lengths.filter(([, lines]) => lines > MAX_FUNCTION_LINES)).toEqual([]);
});
