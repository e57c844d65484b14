import { datasetAnswer } from '../shared/channel/dataset-answer.ts';
import { manifestKey } from '../shared/dataset/object-keys.ts';
import { Problem } from '../shared/errors.ts';
import type { DatasetAnswer } from '../shared/http/api.ts';
import { parseField } from '../shared/http/api-request.ts';
import { hexOf } from '../shared/protocol/terms.ts';
import { opensChannels } from '../shared/store/dataset-record.ts';
import { apiHandler } from './handler.ts';

export const handler = apiHandler(async (request, shop): Promise<DatasetAnswer> => {
  const manifest = parseField(hexOf(32), request.parameters.manifest, 'manifest');
  const dataset = await shop.datasets.get(manifest);
  if (!dataset || !opensChannels(dataset, shop.clock.now()))
    throw new Problem('not-found', 'no dataset of this id');
  const { url } = await shop.links.link(manifestKey(dataset.folder), dataset.manifestVersion);
  return { ...datasetAnswer(dataset), manifestUrl: url, manifestSignature: dataset.manifestSignature };
});
