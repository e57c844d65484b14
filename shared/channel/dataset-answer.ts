import type { DatasetsAnswer } from '../http/api.ts';
import { chunkCount } from '../protocol/price.ts';
import type { Dataset } from '../store/dataset-record.ts';

/** A dataset as the catalogue shows it. */
export function datasetAnswer(dataset: Dataset): DatasetsAnswer['datasets'][number] {
  const { manifest, name, description, licence, totalSize, chunkSize, pricePerChunk } = dataset;
  return {
    manifest,
    name,
    description,
    licence,
    totalSize,
    chunkSize,
    chunks: chunkCount(dataset),
    pricePerChunk,
  };
}
