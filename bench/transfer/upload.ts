import { join } from 'node:path';
import { type BenchShop, startBenchShop } from './bench-shop.ts';
import type { Contestant } from './contest.ts';
import type { Entrants } from './download.ts';
import { type Command, measure } from './measure.ts';
import { publishArguments } from './stage.ts';

/** Everybody uploads the same file to the same S3 server of ours, started anew for every run so that nothing is there yet. */
export function uploadEntrants(source: string, spillway: string): Entrants {
  return {
    ours: [
      uploader('spillway publish', [], ({ folder }) => ({
        program: process.execPath,
        args: publishArguments(spillway, source, folder),
      })),
    ],
    peers: [...[4, 16].map((streams) => rclone(source, streams)), s5cmd(source)],
    floors: [],
  };
}

function rclone(source: string, streams: number): Contestant {
  return uploader(`rclone, ${streams} streams`, ['rclone'], ({ store }) => ({
    program: 'rclone',
    args: [
      ...['copyto', '--config', '', '--s3-provider', 'Other', '--s3-env-auth', '--s3-endpoint', store.url],
      ...['--s3-region', store.region, '--s3-no-check-bucket', '--s3-disable-checksum'],
      ...['--s3-chunk-size', '16M', '--s3-upload-concurrency', `${streams}`],
      ...[source, `:s3:${store.bucket}/dataset.bin`],
    ],
    environment: credentials(store),
  }));
}

function s5cmd(source: string): Contestant {
  return uploader('s5cmd, 16 streams', ['s5cmd'], ({ store }) => ({
    program: 's5cmd',
    args: [
      ...['--endpoint-url', store.url, '--log', 'error', 'cp', '-c', '16', '-p', '16'],
      ...[source, `s3://${store.bucket}/dataset.bin`],
    ],
    environment: credentials(store),
  }));
}

/** By the environment, which no list of processes shows. */
function credentials({ accessKeyId, secretAccessKey, region }: BenchShop['store']): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region };
}

function uploader(tool: string, needs: readonly string[], command: (shop: BenchShop) => Command): Contestant {
  return {
    tool,
    needs,
    verified: needs.length === 0,
    async run(folder) {
      const shop = await startBenchShop(join(folder, 'shop'));
      try {
        const measured = await measure(command(shop));
        return { ...measured, transferSeconds: measured.seconds };
      } finally {
        await shop.stop();
      }
    },
  };
}
