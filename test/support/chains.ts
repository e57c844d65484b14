import { resolve } from 'node:path';
import { findBitcoind } from '../../local/chain/start-bitcoind.ts';
import { type LocalChain, startChain } from '../../local/chain/start-chain.ts';

export interface AvailableChain {
  readonly name: LocalChain['kind'];
  /** What a child process needs to find it too. */
  readonly environment: Readonly<Record<string, string>>;
  start(dataFolder: string): Promise<LocalChain>;
}

/** The chains a suite runs on: the embedded ledger always, a real node where one is found. */
export function availableChains(): readonly AvailableChain[] {
  const bitcoindPath = findBitcoind(process.env, [resolve('.bitcoind/bin')]);
  const embedded: AvailableChain = {
    name: 'embedded',
    environment: {},
    start: (dataFolder) => startChain({ dataFolder, kind: 'embedded' }),
  };
  if (bitcoindPath === undefined) return [embedded];
  const real: AvailableChain = {
    name: 'bitcoind',
    environment: { BITCOIND: bitcoindPath },
    start: (dataFolder) => startChain({ dataFolder, kind: 'bitcoind', bitcoindPath }),
  };
  return [embedded, real];
}

/** The real node where one is found, the embedded ledger elsewhere: for what does not depend on which of them it is, and takes long. */
export function realestChain(): AvailableChain {
  const [chain] = availableChains().toReversed();
  if (!chain) throw new Error('the embedded ledger is always there');
  return chain;
}
