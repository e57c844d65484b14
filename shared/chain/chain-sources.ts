import type { Log } from '../log.ts';
import { bitcoindChain } from './bitcoind.ts';
import type { WalletChain } from './chain.ts';
import { esploraChain } from './esplora.ts';
import { quorumChain } from './quorum.ts';

const ESPLORA = 'esplora+';

/**
 * The chain as one or more sources tell it.
 * @param addresses `http(s)://user:password@host:port` is Bitcoin Core's RPC, `esplora+http(s)://host/path` an Esplora server.
 * They may hold credentials: the log names sources by kind and host.
 * @param fetch asks Esplora servers; a node's RPC is asked directly
 */
export function chainFrom(
  addresses: readonly string[],
  log: Log,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): WalletChain {
  const sources = addresses.map((address) => {
    const isEsplora = address.startsWith(ESPLORA);
    const url = isEsplora ? address.slice(ESPLORA.length) : address;
    const name = `${isEsplora ? 'esplora' : 'node'} ${new URL(url).host}`;
    return { name, chain: isEsplora ? esploraChain({ url, fetch }) : bitcoindChain({ url }) };
  });
  const [first] = sources;
  if (!first) throw new Error('no chain source is configured');
  return sources.length === 1 ? first.chain : quorumChain({ sources, log });
}
