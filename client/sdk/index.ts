/** The package's entry on Node. */

import { defaultHome } from '../buyer/node/default-home.ts';
import { nodePlatform } from '../buyer/node/node-platform.ts';
import { proxyFetch } from '../buyer/node/proxy-fetch.ts';
import { runOn } from './platform.ts';

runOn({
  fetch: proxyFetch(process.env),
  open: async (home) =>
    nodePlatform(home ?? defaultHome(), {
      environment: process.env,
      // Where the build puts it, seen from where the build puts this.
      segmentWorker: new URL('./parts/segment-worker.js', import.meta.url),
    }),
});

export * from './public.ts';
