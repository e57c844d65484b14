import { datasetAnswer } from '../shared/channel/dataset-answer.ts';
import type { DatasetsAnswer } from '../shared/http/api.ts';
import { apiHandler } from './handler.ts';

export const handler = apiHandler(async (_, shop): Promise<DatasetsAnswer> => {
  const datasets = await shop.datasets.list();
  const forSale = datasets.filter(({ forSaleUntil }) => forSaleUntil === undefined);
  return { datasets: forSale.map(datasetAnswer) };
});
