import { concatBytes } from '@noble/hashes/utils.js';
import { HDKey } from '@scure/bip32';
import { mnemonicToSeedWebcrypto } from '@scure/bip39';
import type { NetworkName } from '../../shared/protocol/network.ts';

export interface WalletKey {
  readonly secret: Uint8Array;
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array;
  /** The P2WPKH script that pays it. */
  readonly script: Uint8Array;
}

export interface WalletKeys {
  /** Deposit addresses: m/84'/coin'/0'/0/index (BIP84). */
  external(index: number): WalletKey;
  /** Change: m/84'/coin'/0'/1/index. */
  internal(index: number): WalletKey;
  /** Keys of channels, a branch of their own that no other wallet looks at: m/7733'/coin'/0'/index'. */
  channel(index: number): WalletKey;
}

/** A purpose that no BIP uses. Hardened to the end, so that a channel key that leaks gives away no other. */
const CHANNEL_PURPOSE = 7733;

/** @param mnemonic BIP39 words, checked by the caller */
export async function walletKeys(mnemonic: string, network: NetworkName): Promise<WalletKeys> {
  const root = HDKey.fromMasterSeed(await mnemonicToSeedWebcrypto(mnemonic));
  // SLIP44: 0 is bitcoin, 1 all of its test networks.
  const coin = network === 'mainnet' ? 0 : 1;
  const account = root.derive(`m/84'/${coin}'/0'`);
  const external = account.deriveChild(0);
  const internal = account.deriveChild(1);
  const channels = root.derive(`m/${CHANNEL_PURPOSE}'/${coin}'/0'`);
  return {
    external: remembered((index) => keyOf(external.deriveChild(index))),
    internal: remembered((index) => keyOf(internal.deriveChild(index))),
    channel: remembered((index) => keyOf(channels.derive(`m/${index}'`))),
  };
}

/** A derivation takes a millisecond and more, and the same addresses are looked at again and again. */
function remembered(derive: (index: number) => WalletKey): (index: number) => WalletKey {
  const keys = new Map<number, WalletKey>();
  return (index) => {
    const key = keys.get(index) ?? derive(index);
    keys.set(index, key);
    return key;
  };
}

function keyOf({ privateKey, publicKey, pubKeyHash }: HDKey): WalletKey {
  if (!privateKey || !publicKey || !pubKeyHash) throw new Error('the derived key has no secret');
  return { secret: privateKey, publicKey, script: concatBytes(Uint8Array.of(0, 20), pubKeyHash) };
}
