import {
  dollars,
  idleMonth,
  oneChunk,
  oneSale,
  PRICES,
  sellingMonth,
  sum,
  times,
  type Usage,
} from '../shared/cost-model.ts';

export interface CostQuestion {
  /** Sold in a month. */
  readonly chunks: number;
  readonly chunkBytes: number;
  readonly chunksPerSale: number;
  readonly storedGigabytes: number;
}

/** The answer as Markdown, in dollars. */
export function costTable({ chunks, chunkBytes, chunksPerSale, storedGigabytes }: CostQuestion): string {
  const chunk = oneChunk(chunkBytes);
  const { egressGigabyte = 0, ...withoutEgress } = chunk;
  const sale = sum(oneSale(), times(withoutEgress, chunksPerSale));
  const sales = chunks / chunksPerSale;
  const stored: Usage = { storageGigabyteMonth: storedGigabytes };
  const perTerabyte = times(chunk, 1e12 / chunkBytes);
  const sold = sum(sellingMonth(), sum(times(oneSale(), sales), times(chunk, chunks)));
  const month = sum(sum(idleMonth(), stored), sold);
  const { egressGigabyte: egress = 0, ...rest } = month;
  const mebibytes = chunkBytes / 1024 / 1024;
  const rows: [string, number][] = [
    ['a month in which nothing is sold', dollars(idleMonth())],
    [`storage of ${storedGigabytes} GB, a month`, dollars(stored)],
    [`a thousand sales of ${chunksPerSale} chunks, without what leaves S3`, dollars(times(sale, 1_000))],
    ['a terabyte sold: what leaves S3', egressGigabyte * (1e12 / chunkBytes) * PRICES.egressGigabyte.dollars],
    ['a terabyte sold: everything else', dollars({ ...perTerabyte, egressGigabyte: 0 })],
    [
      `a month with ${chunks} chunks of ${mebibytes} MiB: what leaves S3`,
      dollars({ egressGigabyte: egress }),
    ],
    [`a month with ${chunks} chunks of ${mebibytes} MiB: everything else`, dollars(rest)],
  ];
  return [
    '| | dollars |',
    '|---|---:|',
    ...rows.map(([what, cost]) => `| ${what} | ${cost.toFixed(2)} |`),
    '',
  ].join('\n');
}
