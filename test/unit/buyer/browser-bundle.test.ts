import { gzipSync } from 'node:zlib';
import { type BuildResult, build } from 'esbuild';

/** What a page downloads before it can buy, compressed: it should stay that small. */
const MAX_PAGE_BYTES = 120_000;
const MAX_SDK_BYTES = 125_000;
const MAX_WORKER_BYTES = 5_000;

function bundle(entry: string): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    entryPoints: [`${__dirname}/../../../client/${entry}.ts`],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
}

test.each([
  ['buyer/browser/index', MAX_PAGE_BYTES],
  ['sdk/browser', MAX_SDK_BYTES],
  ['buyer/browser/segment-worker', MAX_WORKER_BYTES],
])('%s, for a page, is complete without anything of Node, and small', async (entry, most) => {
  const { metafile, outputFiles } = await bundle(entry);
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect(outside).toEqual([]);
  const ofNode = Object.keys(metafile.inputs).filter((path) => /client\/buyer\/node\//.test(path));
  expect(ofNode).toEqual([]);
  expect(gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length).toBeLessThan(most);
});
