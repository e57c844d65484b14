import * as v from 'valibot';
import { issueChunk } from '../shared/channel/issue-chunk.ts';
import type { ChunkLink } from '../shared/http/api.ts';
import { parseField } from '../shared/http/api-request.ts';
import { apiHandler, ownChannelOf } from './handler.ts';

const chunkNumber = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9][0-9]{0,5})$/, 'must be a chunk number'),
  v.transform((text): number => Number(text)),
);

export const handler = apiHandler(async (request, shop): Promise<ChunkLink> => {
  const chunk = parseField(chunkNumber, request.parameters.chunk, 'chunk');
  const channel = await ownChannelOf(request, shop);
  return issueChunk(shop, channel, chunk);
});
