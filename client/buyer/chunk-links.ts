import { unixSeconds } from '../../shared/clock.ts';
import type { ChunkLink } from '../../shared/http/api.ts';
import { chunkSizeAt } from '../../shared/protocol/price.ts';
import type { Purchase } from './buyer-context.ts';
import type { ChannelSecrets } from './channel-secrets.ts';
import { checkLink, type LinkExpected, linkFault } from './checks.ts';
import { isProblem, ShopProblem } from './errors.ts';
import { channelOf } from './fund-channel.ts';

/** Seconds before its end from which a link is not begun with: the first requests have yet to be made. */
const LINK_MARGIN_SECONDS = 30;

/**
 * A link to a chunk: the one that an earlier run or a payment's answer left in the journal while it is good, else a new one.
 * A shop gives so few that a buyer killed every second would soon get none.
 * @param number counted within the channel
 * @param renew true where the last link was refused
 * @throws BuyerError shop-dishonest; ShopProblem of the shop, too-many-urls among them
 */
export async function linkTo(
  purchase: Purchase,
  channel: ChannelSecrets,
  number: number,
  renew: boolean,
): Promise<ChunkLink> {
  const kept = renew ? undefined : keptLink(purchase, channel, number);
  if (kept) return kept;
  const link = await purchase.shop.issueChunk(channel, number).catch((error: unknown) => {
    throw isProblem(error, 'too-many-urls') ? noMoreLinks(purchase, channel, number, error) : error;
  });
  return keepLink(purchase, channel, number, link);
}

/**
 * Checks a link that the shop gave and keeps it for a later run.
 * @throws BuyerError shop-dishonest
 */
export async function keepLink(
  purchase: Purchase,
  channel: ChannelSecrets,
  number: number,
  link: ChunkLink,
): Promise<ChunkLink> {
  checkLink(link, expectedOf(purchase, channel, number));
  const { chunk, size, url, expiresAt } = link;
  const { channelId } = channel;
  await purchase.journal.note({
    v: 1,
    record: 'link-given',
    channel: channelId,
    chunk,
    size,
    url,
    expiresAt,
  });
  return link;
}

/** One that fits no more, as after the data moved to another host, is no fault of the shop's now. */
function keptLink(purchase: Purchase, channel: ChannelSecrets, number: number): ChunkLink | undefined {
  const link = channelOf(purchase, channel.channelId).links.get(number);
  if (!link || link.expiresAt - unixSeconds(purchase.buyer.clock) < LINK_MARGIN_SECONDS) return undefined;
  return linkFault(link, expectedOf(purchase, channel, number)) ? undefined : link;
}

function expectedOf(
  { manifest, dataHost }: Purchase,
  { terms }: ChannelSecrets,
  number: number,
): LinkExpected {
  return { chunk: number, size: chunkSizeAt(manifest, terms.first + number), host: dataHost };
}

/** The shop cannot know what this program can do about it, nor that its last link is used up. */
function noMoreLinks(
  purchase: Purchase,
  channel: ChannelSecrets,
  number: number,
  { status, problem, title, members }: ShopProblem,
): ShopProblem {
  const isPaid = number < channelOf(purchase, channel.channelId).paid;
  const document = {
    type: `urn:spillway:problem:${problem}`,
    title,
    detail: `chunk ${channel.terms.first + number} of the dataset`,
    ...(isPaid
      ? {
          money: 'The chunk is paid for, and stays so.',
          next: 'Run the same command again tomorrow (UTC): a paid chunk then has new links.',
        }
      : {
          money: 'Nothing was paid for this chunk.',
          next: 'Run the command with `--ahead 1`: it pays for the chunk before it is here, and a paid chunk has further links. Or leave it: what is not paid comes back, see `spillway refund`.',
        }),
  };
  return new ShopProblem(status, document, members);
}
