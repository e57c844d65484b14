import { ChainUnavailable, type WalletChain } from '../../shared/chain/chain.ts';
import { type QuorumOptions, quorumChain } from '../../shared/chain/quorum.ts';
import { checkPrinted } from './printed-secrets.ts';

/** What a scripted source says; a method it does not name is silent. */
export type Script = Partial<WalletChain>;

const silence = (): Promise<never> => Promise.reject(new ChainUnavailable('does not answer'));

/** A source that answers as scripted. */
export function scriptedSource(script: Script): WalletChain {
  return {
    tip: silence,
    blockHash: silence,
    unspentOutput: silence,
    spend: silence,
    feeRate: silence,
    broadcast: silence,
    testAcceptance: silence,
    broadcastPackage: silence,
    mempoolEntry: silence,
    replacementRate: silence,
    outputsPayingTo: silence,
    ...script,
  };
}

export interface LogLine {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A quorum of scripted sources named 1, 2, 3, … and what it logs. */
export function scriptedQuorum(
  scripts: readonly Script[],
  options: Omit<Partial<QuorumOptions>, 'sources' | 'log'> = {},
) {
  const lines: LogLine[] = [];
  const chain = quorumChain({
    sources: scripts.map((script, index) => ({ name: String(index + 1), chain: scriptedSource(script) })),
    log: (event, fields) => {
      checkPrinted(event, fields);
      lines.push({ event, ...fields });
    },
    ...options,
  });
  return {
    chain,
    lines,
    alarms: () => lines.filter(({ alarm }) => alarm === true).map(({ event }) => event),
  };
}
