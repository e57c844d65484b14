import { etc, Point } from '@noble/secp256k1';
import { address, initEccLib, type Network, networks } from 'bitcoinjs-lib';
import { bytesToNumberBE, numberToBytesBE } from './numbers.ts';

export const NETWORK_NAMES = ['mainnet', 'testnet4', 'signet', 'regtest'] as const;
export type NetworkName = (typeof NETWORK_NAMES)[number];

/** signet and testnet4 share testnet3's address prefixes (BIP325, BIP94). */
const PARAMETERS: Record<NetworkName, Network> = {
  mainnet: networks.bitcoin,
  testnet4: networks.testnet,
  signet: networks.testnet,
  regtest: networks.regtest,
};

// bitcoinjs wants curve arithmetic before it takes taproot addresses.
initEccLib({
  isXOnlyPoint: (key) => liftX(key) !== undefined,
  xOnlyPointAddTweak: (key, tweak) => {
    const point = liftX(key);
    if (!point) return null;
    const sum = point.add(Point.BASE.multiplyUnsafe(bytesToNumberBE(tweak)));
    if (sum.is0()) return null;
    return { parity: sum.y % 2n === 0n ? 0 : 1, xOnlyPubkey: numberToBytesBE(sum.x, 32) };
  },
});

/** BIP340's lift_x: the point of that x with even y. */
function liftX(key: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(etc.concatBytes(Uint8Array.of(2), key));
  } catch {
    return undefined;
  }
}

export function networkParameters(network: NetworkName): Network {
  return PARAMETERS[network];
}

/** @throws Error where the text is no address of the network */
export function scriptOfAddress(text: string, network: NetworkName): Uint8Array {
  return address.toOutputScript(text, PARAMETERS[network]);
}

/** @throws Error where the script has no address form */
export function addressOfScript(script: Uint8Array, network: NetworkName): string {
  return address.fromOutputScript(script, PARAMETERS[network]);
}
