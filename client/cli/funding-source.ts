import { InvalidArgumentError } from 'commander';
import type { NetworkName } from '../../shared/protocol/network.ts';
import type { Buyer } from '../buyer/buyer-context.ts';
import { BuyerError } from '../buyer/errors.ts';
import type { ExternalWallet } from '../buyer/external-wallet.ts';

/** Who pays a purchase's fundings, as `--fund` names it. */
export interface FundingSource {
  readonly kind: 'psbt' | 'core';
  /** A file, or an address. */
  readonly where: string;
}

export function fundingSource(text: string): FundingSource {
  const [, kind, where = ''] = /^(psbt|core):(.+)$/.exec(text) ?? [];
  const isUrl = URL.canParse(where) && /^https?:$/.test(new URL(where).protocol);
  if (kind === 'psbt' || (kind === 'core' && isUrl)) return { kind, where };
  // An address may hold a password, so it is not repeated.
  throw new InvalidArgumentError('must be psbt:FILE or core:http://user:password@host:port/wallet/name.');
}

/** @throws BuyerError usage */
export async function walletOf(
  { kind, where }: FundingSource,
  from: readonly string[],
  { chain }: Pick<Buyer, 'chain'>,
): Promise<(network: NetworkName) => ExternalWallet> {
  if (kind === 'core') {
    if (from.length > 0) {
      throw new BuyerError('usage', 'A Bitcoin Core wallet chooses its coins itself.', {
        next: 'Leave out --from.',
      });
    }
    const { coreWallet } = await import('../buyer/core-wallet.ts');
    // Asked directly: a node of one's own is behind no proxy.
    return (network) => coreWallet({ url: where, network, chain });
  }
  const { psbtFile } = await import('../buyer/node/psbt-file.ts');
  return (network) => psbtFile({ path: where, from, network, chain });
}
