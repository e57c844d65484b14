import { Command, InvalidArgumentError } from 'commander';
import type { ObjectSource } from '../../shared/dataset/objects.ts';
import type { SampleFile } from '../seller/give-sample.ts';
import type { Publication, PublishPorts } from '../seller/offer-dataset.ts';
import type { PublishEstimate } from '../seller/publish-estimate.ts';
import { SellerError } from '../seller/seller-error.ts';
import type { ShopAccess } from '../seller/shop-access.ts';
import { formatByteSize, parseByteSize } from './byte-size.ts';
import { publishProgress } from './publish-progress.ts';
import { addSellerOptions, pricePerChunk, runAsSeller, type SellerOptions } from './seller-options.ts';
import { showInStorefront } from './update-storefront.ts';

interface PublishOptions extends SellerOptions {
  readonly from?: string;
  readonly price: bigint;
  readonly name?: string;
  readonly description?: string;
  readonly licence?: string;
  readonly chunkSize?: number;
  readonly sample?: string;
  readonly dryRun?: boolean;
}

/** `spillway publish`: what is heavy is loaded only once it runs, so that `spillway --help` is quick. */
export function publishCommand(): Command {
  const command = new Command('publish')
    .description('put a file, a folder, standard input or objects of S3 up for sale')
    .argument('[path]', 'the file or folder, or - for standard input')
    .option('--from <address>', 's3://bucket/key, or s3://bucket/prefix/ for all below it, instead of a path')
    .requiredOption('--price <satoshis>', 'price of a full chunk', pricePerChunk)
    .option('--name <text>', "the dataset's name (default: that of the file or folder)")
    .option('--description <text>', 'what is in it')
    .option('--licence <text>', 'under which licence, e.g. CC-BY-4.0')
    .option('--chunk-size <size>', 'what is sold at once, e.g. 8MiB (default: up to 1GiB)', byteSize)
    .option('--sample <file>', "give this file away on the dataset's page, so that buyers see what they get")
    .option('--dry-run', 'upload nothing; say what would be for sale, and what it costs')
    .addHelpText(
      'after',
      `
Examples:
  spillway publish ./data --price 5000 --name weather-2025 --shop shop.json
  pg_dump weather | zstd | spillway publish - --name weather.zst --price 5000 --shop shop.json
  spillway publish --from s3://my-archive/weather/2025/ --price 5000 --shop shop.json

After an interruption the same command goes on where it was; only standard input has to come again from its beginning.
A stream that ends too early cannot be told from a short one: check the size that is printed.`,
    );
  return addSellerOptions(command).action(async (path: string | undefined, options: PublishOptions) => {
    await runAsSeller(options, async (access) => {
      const sample = await sampleOf(options, access);
      const result = await publishFrom(path, options, await publishPorts(access));
      if (result.outcome !== 'dry-run') await showInStorefront(access, result.manifest, sample);
      return { document: result, text: resultText(result) };
    });
  });
}

/** Looked at first: who finds out after the upload that there is no sample has waited for nothing. */
async function sampleOf({ sample }: PublishOptions, { site }: ShopAccess): Promise<SampleFile | undefined> {
  if (sample === undefined) return undefined;
  if (!site) {
    throw new SellerError('usage', 'This shop has no pages to show a sample on.', 'Leave --sample away.');
  }
  const { readSample } = await import('../seller/give-sample.ts');
  return readSample(sample);
}

async function publishFrom(
  path: string | undefined,
  options: PublishOptions,
  { source, ...ports }: PublishPorts & { readonly source: ObjectSource },
): Promise<Publication> {
  const { from, name } = options;
  if ((path === undefined) === (from === undefined)) {
    throw new SellerError('usage', 'There is one thing to publish: a path, or --from.', 'Give one of them.');
  }
  const request = { pricePerChunk: options.price, ...asked(options) };
  if (path === '-') {
    if (name === undefined) {
      throw new SellerError('usage', 'Standard input has no name of its own.', 'Give --name.');
    }
    const { publishStream } = await import('../seller/publish-stream.ts');
    return publishStream({ ...request, name }, process.stdin, ports);
  }
  const [{ publish }, { fileContent }, { bucketContent }] = await Promise.all([
    import('../seller/publish.ts'),
    import('../seller/file-content.ts'),
    import('../seller/bucket-content.ts'),
  ]);
  const content =
    path === undefined
      ? await bucketContent(from ?? '', source, ports.objects)
      : await fileContent(path, ports.objects);
  return publish(request, content, ports);
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

export async function publishPorts(
  access: ShopAccess,
): Promise<PublishPorts & { readonly source: ObjectSource }> {
  const [s3, uploads, { s3ObjectSource }, { dynamoDatasets }, { sellerSigner }, { priceBounds }, aws] =
    await Promise.all([
      import('../../shared/dataset/s3-objects.ts'),
      import('../../shared/dataset/s3-uploads.ts'),
      import('../../shared/dataset/s3-source.ts'),
      import('../../shared/store/dynamo-datasets.ts'),
      import('../../shared/signer/seller-signer.ts'),
      import('../seller/price-bounds.ts'),
      import('@aws-sdk/client-dynamodb'),
    ]);
  const { config } = access;
  const client = s3.s3Client();
  return {
    objects: {
      ...uploads.s3ObjectUploader(client, config.bucket),
      ...s3.s3ObjectInspector(client, config.bucket),
    },
    // What is sold may lie in another region than the shop.
    source: s3ObjectSource(s3.s3Client({ followRegionRedirects: true })),
    datasets: dynamoDatasets(new aws.DynamoDBClient(), config.table),
    signer: sellerSigner(config.sellerKey),
    prices: priceBounds(config),
    shop: JSON.stringify([config.bucket, config.table]),
    stateFolder: await stateFolder(access),
    onProgress: publishProgress((line) => process.stderr.write(`${line}\n`)),
  };
}

async function stateFolder({ folder }: ShopAccess): Promise<string> {
  const { join } = await import('node:path');
  if (folder !== undefined) return join(folder, 'publishing');
  const { default: envPaths } = await import('env-paths');
  return join(envPaths('spillway', { suffix: '' }).data, 'publishing');
}

const OUTCOMES: Readonly<Record<Publication['outcome'], string>> = {
  published: 'For sale',
  'already-published': 'For sale already',
  'price-changed': 'For sale already; its price is changed',
  'back-on-sale': 'For sale again',
  'dry-run': 'Nothing was uploaded; it would be for sale',
};

function resultText(result: Publication): string {
  const { manifest, estimate } = result;
  return [
    `${OUTCOMES[result.outcome]}: ${result.name}`,
    `  dataset    ${manifest ?? 'known once the store has copied and hashed it'}`,
    `  size       ${formatByteSize(result.bytes)} in ${result.chunks} chunks of ${formatByteSize(result.chunkSize)}`,
    `  price      ${result.pricePerChunk} satoshis for a full chunk`,
    ...(estimate ? estimateLines(estimate) : []),
    '',
  ].join('\n');
}

function estimateLines(estimate: PublishEstimate): string[] {
  return [
    `  transfer   ${formatByteSize(estimate.transferred)} through this machine, ${estimate.writes} requests that write`,
    `  cost       about ${dollars(estimate.publishDollars)} to publish, ${dollars(estimate.storageDollarsPerMonth)} a month to store,`,
    `             ${dollars(estimate.saleDollars)} for a sale of all of it (AWS list prices, us-east-1)`,
  ];
}

function dollars(amount: number): string {
  return `$${amount.toFixed(amount < 0.1 ? 4 : 2)}`;
}

function byteSize(text: string): number {
  const size = parseByteSize(text);
  if (size === undefined) throw new InvalidArgumentError('must be a size like 8MiB or 1GiB.');
  return size;
}
