import { Command, InvalidArgumentError } from 'commander';
import type { PublishEvent } from '../seller/dataset-chunks.ts';
import type { Publication, PublishPorts } from '../seller/publish.ts';
import type { ShopAccess } from '../seller/shop-access.ts';
import { formatByteSize, parseByteSize } from './byte-size.ts';
import { addSellerOptions, pricePerChunk, runAsSeller, type SellerOptions } from './seller-options.ts';

interface PublishOptions extends SellerOptions {
  readonly price: bigint;
  readonly name?: string;
  readonly description?: string;
  readonly licence?: string;
  readonly chunkSize?: number;
  readonly dryRun?: boolean;
}

/** `spillway publish`: what is heavy is loaded only once it runs, so that `spillway --help` is quick. */
export function publishCommand(): Command {
  const command = new Command('publish')
    .description('put a file or a folder up for sale')
    .argument('<path>', 'the file or folder')
    .requiredOption('--price <satoshis>', 'price of a full chunk', pricePerChunk)
    .option('--name <text>', "the dataset's name (default: that of the file or folder)")
    .option('--description <text>', 'what is in it')
    .option('--licence <text>', 'under which licence, e.g. CC-BY-4.0')
    .option('--chunk-size <size>', 'what is sold at once, e.g. 8MiB (default: up to 1GiB)', byteSize)
    .option('--dry-run', 'hash everything, upload nothing')
    .addHelpText(
      'after',
      '\nExample:\n  spillway publish ./data --price 5000 --name weather-2025 --shop shop.json',
    );
  return addSellerOptions(command).action(async (path: string, options: PublishOptions) => {
    await runAsSeller(options, async (access) => {
      const { publish } = await import('../seller/publish.ts');
      const request = { source: path, pricePerChunk: options.price, ...asked(options) };
      const result = await publish(request, await publishPorts(access));
      return { document: result, text: resultText(result) };
    });
  });
}

function asked({ name, description, licence, chunkSize, dryRun }: PublishOptions) {
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(licence !== undefined && { licence }),
    ...(chunkSize !== undefined && { chunkSize }),
    ...(dryRun !== undefined && { dryRun }),
  };
}

async function publishPorts(access: ShopAccess): Promise<PublishPorts> {
  const [s3, { dynamoDatasets }, { sellerSigner }, { DynamoDBClient }] = await Promise.all([
    import('../../shared/dataset/s3-objects.ts'),
    import('../../shared/store/dynamo-datasets.ts'),
    import('../../shared/signer/seller-signer.ts'),
    import('@aws-sdk/client-dynamodb'),
  ]);
  const { config } = access;
  const client = s3.s3Client();
  return {
    objects: {
      ...s3.s3ObjectUploader(client, config.bucket),
      ...s3.s3ObjectInspector(client, config.bucket),
    },
    datasets: dynamoDatasets(new DynamoDBClient(), config.table),
    signer: sellerSigner(config.sellerKey),
    shop: JSON.stringify([config.bucket, config.table]),
    stateFolder: await stateFolder(access),
    onProgress: progressLines((line) => process.stderr.write(`${line}\n`)),
  };
}

async function stateFolder({ folder }: ShopAccess): Promise<string> {
  const { join } = await import('node:path');
  if (folder !== undefined) return join(folder, 'publishing');
  const { default: envPaths } = await import('env-paths');
  return join(envPaths('spillway', { suffix: '' }).data, 'publishing');
}

/** Progress as plain lines, one for every tenth of the bytes at most: they may end up in a log. */
export function progressLines(write: (line: string) => void): (event: PublishEvent) => void {
  let tenths = 0;
  return (event) => {
    switch (event.type) {
      case 'listed': {
        const { totalSize, chunkSize } = event.shape;
        const files = event.files === 1 ? '1 file' : `${event.files} files`;
        const chunks = event.chunks === 1 ? '1 chunk' : `${event.chunks} chunks`;
        write(`${files}, ${formatByteSize(totalSize)}, ${chunks} of ${formatByteSize(chunkSize)}`);
        break;
      }
      case 'hashing':
        tenths = 0;
        write('hashing');
        break;
      case 'uploading':
        tenths = 0;
        write(event.resumed ? 'uploading, going on where it was interrupted' : 'uploading');
        break;
      case 'bytes': {
        const reached = Math.floor((event.done * 10) / event.total);
        if (reached > tenths) {
          tenths = reached;
          write(`${reached * 10} % (${formatByteSize(event.done)} of ${formatByteSize(event.total)})`);
        }
        break;
      }
      case 'chunk':
        break;
    }
  };
}

const OUTCOMES: Readonly<Record<Publication['outcome'], string>> = {
  published: 'For sale',
  'already-published': 'For sale already',
  'price-changed': 'For sale already; its price is changed',
  'back-on-sale': 'For sale again',
  'dry-run': 'Nothing was uploaded; it would be for sale',
};

function resultText(result: Publication): string {
  return [
    `${OUTCOMES[result.outcome]}: ${result.name}`,
    `  dataset    ${result.manifest}`,
    `  size       ${formatByteSize(result.bytes)} in ${result.chunks} chunks of ${formatByteSize(result.chunkSize)}`,
    `  price      ${result.pricePerChunk} satoshis for a full chunk`,
    '',
  ].join('\n');
}

function byteSize(text: string): number {
  const size = parseByteSize(text);
  if (size === undefined) throw new InvalidArgumentError('must be a size like 8MiB or 1GiB.');
  return size;
}
