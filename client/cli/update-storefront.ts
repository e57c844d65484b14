import type { SampleFile } from '../seller/give-sample.ts';
import type { ShopAccess } from '../seller/shop-access.ts';

/**
 * Writes a shop's pages as its catalogue is now.
 * @param changed the datasets whose own pages change; by default all of them
 * @param sample given away on the page of the first of them
 * @returns how many pages of datasets were written; undefined where the shop has no storefront
 */
export async function updateStorefront(
  { config, site }: ShopAccess,
  changed?: readonly string[],
  sample?: SampleFile,
): Promise<number | undefined> {
  if (!site) return undefined;
  const [s3, { s3SiteStore }, { s3ObjectSource }, { dynamoDatasets }, files, { writeStorefront }, aws] =
    await Promise.all([
      import('../../shared/dataset/s3-objects.ts'),
      import('../../shared/dataset/s3-site.ts'),
      import('../../shared/dataset/s3-source.ts'),
      import('../../shared/store/dynamo-datasets.ts'),
      import('../seller/storefront-files.ts'),
      import('../seller/write-storefront.ts'),
      import('@aws-sdk/client-dynamodb'),
    ]);
  const client = s3.s3Client();
  const ports = {
    site,
    pages: s3SiteStore(client, site.bucket),
    bucket: config.bucket,
    source: s3ObjectSource(client),
    datasets: dynamoDatasets(new aws.DynamoDBClient(), config.table),
    built: await files.storefrontFiles(),
  };
  const [manifest] = changed ?? [];
  if (sample && manifest !== undefined) {
    const { giveSample } = await import('../seller/give-sample.ts');
    await giveSample(ports.pages, manifest, sample);
  }
  return writeStorefront(ports, changed);
}

/**
 * After a change of the catalogue, which stands whether or not the pages tell of it.
 * @returns what the seller must know where they do not
 */
export async function storefrontProblem(
  access: ShopAccess,
  manifest: string | undefined,
  sample?: SampleFile,
): Promise<string | undefined> {
  if (manifest === undefined) return undefined;
  try {
    await updateStorefront(access, [manifest], sample);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `The shop has changed, but its pages could not be written: ${reason}\nWrite them with: spillway storefront${sample ? '; a sample, by the same publish again' : ''}`;
  }
}

/** As `storefrontProblem`, told on the standard error. */
export async function showInStorefront(
  access: ShopAccess,
  manifest: string | undefined,
  sample?: SampleFile,
): Promise<void> {
  const problem = await storefrontProblem(access, manifest, sample);
  if (problem) process.stderr.write(`${problem}\n`);
}
