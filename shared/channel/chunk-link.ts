import type { ChunkLink } from '../http/api.ts';
import { chunkSizeAt } from '../protocol/price.ts';
import type { Channel } from '../store/channel-record.ts';
import type { Shop } from './shop.ts';

/**
 * A presigned link to a chunk, bound to the object version that was published (rule 20). Whoever calls this has counted it.
 * @param chunk the chunk's number within the channel
 */
export async function chunkLink(shop: Shop, channel: Channel, chunk: number): Promise<ChunkLink> {
  const { manifest, first } = channel.terms;
  const index = first + chunk;
  const object = await shop.chunks.locate(manifest, index);
  if (!object) throw new Error(`dataset ${manifest} has lost chunk ${index}`);
  const { url, expiresAt } = await shop.links.link(object.key, object.versionId);
  return { chunk, size: chunkSizeAt(channel.shape, index), url, expiresAt };
}
