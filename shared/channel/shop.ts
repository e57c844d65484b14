import type { Chain } from '../chain/chain.ts';
import type { Tips } from '../chain/tips.ts';
import type { Clock } from '../clock.ts';
import type { Policy } from '../config.ts';
import type { ObjectLinks } from '../dataset/objects.ts';
import type { Log } from '../log.ts';
import type { NetworkName } from '../protocol/network.ts';
import type { Signer } from '../signer/signer.ts';
import type { ChannelStore } from '../store/channel-record.ts';
import type { ChunkObjects } from '../store/chunk-objects.ts';
import type { DatasetStore } from '../store/dataset-record.ts';

/** Everything the use cases stand on. Each function of the deployment gets the ports that its role may use. */
export interface Shop {
  readonly network: NetworkName;
  readonly policy: Policy;
  /** B's output script in settlements. */
  readonly payoutScript: Uint8Array;
  readonly channels: ChannelStore;
  readonly datasets: DatasetStore;
  readonly chunks: ChunkObjects;
  readonly links: ObjectLinks;
  readonly chain: Chain;
  readonly tips: Tips;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly log: Log;
}
