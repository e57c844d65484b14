import { etc, Point } from '@noble/secp256k1';
import { address, initEccLib, type Network, networks } from 'bitcoinjs-lib';
import { bytesToNumberBE, numberToBytesBE } from './numbers.ts';
import { outputKind } from './script.ts';

export const NETWORK_NAMES = ['mainnet', 'testnet4', 'signet', 'regtest'] as const;
export type NetworkName = (typeof NETWORK_NAMES)[number];

const OP_DUP = 0x76;
const OP_HASH160 = 0xa9;

/** signet and testnet4 share testnet3's address prefixes (BIP325, BIP94). */
const PARAMETERS: Record<NetworkName, Network> = {
  mainnet: networks.bitcoin,
  testnet4: networks.testnet,
  signet: networks.testnet,
  regtest: networks.regtest,
};

/** The curve arithmetic that bitcoinjs wants before it takes taproot addresses. */
export const taprootCurve: Parameters<typeof initEccLib>[0] = {
  isXOnlyPoint: (key) => liftX(key) !== undefined,
  xOnlyPointAddTweak: (key, tweak) => {
    const point = liftX(key);
    if (!point) return null;
    const sum = point.add(Point.BASE.multiplyUnsafe(bytesToNumberBE(tweak)));
    if (sum.is0()) return null;
    return { parity: sum.y % 2n === 0n ? 0 : 1, xOnlyPubkey: numberToBytesBE(sum.x, 32) };
  },
};
// bitcoinjs would try it on vectors at every start, for 35 ms, which is a third of a function's; a test does it instead.
initEccLib(taprootCurve, { DANGER_DO_NOT_VERIFY_ECCLIB: true });

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

/** @throws Error where the text is no address of the network, or one of a segwit version that anyone can spend today */
export function scriptOfAddress(text: string, network: NetworkName): Uint8Array {
  const script = address.toOutputScript(text, PARAMETERS[network]);
  if (!isLegacy(script) && !outputKind(script)) throw new RangeError('a segwit version without rules yet');
  return script;
}

/** P2PKH and P2SH begin with these; every other address is a witness program's, which begins with its version (BIP141). */
function isLegacy([opcode]: Uint8Array): boolean {
  return opcode === OP_DUP || opcode === OP_HASH160;
}

/** @throws Error where the script has no address form */
export function addressOfScript(script: Uint8Array, network: NetworkName): string {
  return address.fromOutputScript(script, PARAMETERS[network]);
}
