import { readFile } from 'node:fs/promises';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { Psbt } from 'bitcoinjs-lib';
import { type NetworkName, scriptOfAddress } from '../../../shared/protocol/network.ts';
import { outputKind } from '../../../shared/protocol/script.ts';
import { SEQUENCE } from '../../../shared/protocol/sighash.ts';
import type { BuyerChain } from '../buyer-context.ts';
import { FUNDING_TARGET_BLOCKS } from '../deposit.ts';
import { BuyerError, systemCode } from '../errors.ts';
import type { ExternalWallet } from '../external-wallet.ts';
import { chooseCoins } from '../funding.ts';
import { writeDurably } from './durable-files.ts';

export interface PsbtFileOptions {
  /** Where the unsigned PSBT goes; the signed one is looked for beside it. */
  readonly path: string;
  /** Addresses of the other wallet whose coins may be spent; change goes back to the first. */
  readonly from: readonly string[];
  readonly network: NetworkName;
  readonly chain: Pick<BuyerChain, 'feeRate' | 'outputsPayingTo'>;
}

/** Any wallet that signs PSBTs, by way of two files. @throws BuyerError usage for an address that will not do */
export function psbtFile({ path, from, network, chain }: PsbtFileOptions): ExternalWallet {
  const scripts = from.map((address) => segwitScript(address, network));
  const [changeScript] = scripts;
  if (!changeScript) {
    throw new BuyerError('usage', 'It is not known whose coins are to pay.', {
      next: 'Give --from with the addresses of your wallet that hold them.',
    });
  }
  const signedPath = signedPathOf(path);
  let seen: Uint8Array | undefined;
  return {
    instruction: `sign ${path} in your wallet and save the result as ${signedPath}, or let your wallet send it;\n  change nothing and do not raise its fee later: the refund is for this very transaction`,
    async draft({ script, value }) {
      const coins = await chain.outputsPayingTo(scripts);
      const { inputs, change } = chooseCoins(coins, value, await chain.feeRate(FUNDING_TARGET_BLOCKS));
      const psbt = new Psbt();
      psbt.setVersion(2);
      for (const { outpoint, script: spent, value: brought } of inputs) {
        const witnessUtxo = { script: spent, value: brought };
        psbt.addInput({
          hash: hexToBytes(outpoint.txid).reverse(),
          index: outpoint.vout,
          sequence: SEQUENCE,
          witnessUtxo,
        });
      }
      psbt.addOutput({ script, value });
      if (change > 0n) psbt.addOutput({ script: changeScript, value: change });
      return psbt.toBuffer();
    },
    release: async () => undefined,
    async signed(draft) {
      const there = await contentOf(path);
      if (there && bytesToHex(there) !== bytesToHex(draft)) {
        throw new BuyerError('usage', `${path} is there already and is not what is to be signed now.`, {
          money: 'Nothing was bound by this.',
          next: `Move it and ${signedPath} away, then run the same command again.`,
        });
      }
      if (!there) await writeDurably(path, draft);
      const [before, now] = [seen, await contentOf(signedPath)];
      seen = now;
      // One that is still being written is not the same when it is looked at again.
      return now && before && now.length > 0 && bytesToHex(now) === bytesToHex(before) ? now : undefined;
    },
  };
}

export function signedPathOf(path: string): string {
  return `${path.replace(/\.psbt$/, '')}-signed.psbt`;
}

function segwitScript(address: string, network: NetworkName): Uint8Array {
  try {
    const script = scriptOfAddress(address, network);
    const kind = outputKind(script);
    // The fee is counted for these; of a P2WSH nobody knows from outside what it takes to spend it.
    if (kind === 'P2WPKH' || kind === 'P2TR') return script;
  } catch {
    // Said below.
  }
  throw new BuyerError('usage', `${address} is no native segwit address (P2WPKH or P2TR) of ${network}.`, {
    next: 'Other coins will not do: the id of a transaction that spends them can change, and the refund would be void.',
  });
}

async function contentOf(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
