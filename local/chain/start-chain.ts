import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedNode } from './embedded-node.ts';
import { findBitcoind, startBitcoind } from './start-bitcoind.ts';

export interface LocalChain {
  readonly kind: 'bitcoind' | 'embedded';
  /** Bitcoin Core's JSON-RPC, credentials included: not for logs. */
  readonly url: string;
  /** The node's process, where it is one of its own. */
  readonly pid?: number;
  stop(): Promise<void>;
}

export interface LocalChainOptions {
  readonly dataFolder: string;
  /** A bitcoind to run; without it the one that `findBitcoind` finds. */
  readonly bitcoindPath?: string;
  /** Insist on one of the two, whatever is installed. */
  readonly kind?: LocalChain['kind'];
}

/**
 * Starts the regtest chain of a local shop: a real node if there is one, else the embedded ledger.
 * A folder keeps the kind of chain it began with, for the money in it is on that chain.
 * @throws if a real node is wanted and there is none, or if it does not start
 */
export async function startChain({ dataFolder, bitcoindPath, kind }: LocalChainOptions): Promise<LocalChain> {
  const bitcoindFolder = join(dataFolder, 'bitcoind');
  const embeddedFolder = join(dataFolder, 'embedded');
  const begun = existsSync(embeddedFolder) ? 'embedded' : existsSync(bitcoindFolder) ? 'bitcoind' : undefined;
  const path = bitcoindPath ?? findBitcoind();
  if (begun && kind && begun !== kind) throw new Error(`${dataFolder} holds the chain of kind ${begun}`);
  const wanted = kind ?? begun ?? (path === undefined ? 'embedded' : 'bitcoind');
  if (wanted === 'embedded') return { kind: 'embedded', ...(await startEmbeddedNode(embeddedFolder)) };
  if (path === undefined) {
    throw new Error(
      'a bitcoind is needed here: set BITCOIND, put one on PATH, or run scripts/get-bitcoind.sh',
    );
  }
  return { kind: 'bitcoind', ...(await startBitcoind(path, bitcoindFolder)) };
}
