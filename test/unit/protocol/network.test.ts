import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { initEccLib, payments } from 'bitcoinjs-lib';
import {
  addressOfScript,
  NETWORK_NAMES,
  networkParameters,
  scriptOfAddress,
  taprootCurve,
} from '../../../shared/protocol/network.ts';
import { CHANGE_SCRIPTS } from './support.ts';

/** BIP173's examples; BIP350's first P2TR address is BIP86's. Signet shares testnet's prefix (BIP325), so does testnet4. */
const KNOWN = [
  ['mainnet', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', '0014751e76e8199196d454941c45d1b3a323f1433bd6'],
  ['testnet4', 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx', '0014751e76e8199196d454941c45d1b3a323f1433bd6'],
  ['signet', 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx', '0014751e76e8199196d454941c45d1b3a323f1433bd6'],
  [
    'mainnet',
    'bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3',
    '00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262',
  ],
  [
    'testnet4',
    'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7',
    '00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262',
  ],
  [
    'mainnet',
    'bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr',
    '5120a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c',
  ],
] as const;

test('bitcoinjs finds the curve arithmetic right on its vectors, which it is not asked to do at each start', () => {
  // Another object than the one it has: what it has, it does not try.
  expect(() => initEccLib({ ...taprootCurve } as typeof taprootCurve)).not.toThrow();
});

describe('addresses', () => {
  test.each(KNOWN)('%s %s', (network, address, script) => {
    expect(addressOfScript(hexToBytes(script), network)).toBe(address);
    expect(bytesToHex(scriptOfAddress(address, network))).toBe(script);
  });

  test.each(NETWORK_NAMES)('each output kind has an address on %s and comes back from it', (network) => {
    const prefix = { mainnet: 'bc1', testnet4: 'tb1', signet: 'tb1', regtest: 'bcrt1' }[network];
    expect(networkParameters(network).bech32).toBe(prefix.slice(0, -1));
    for (const script of Object.values(CHANGE_SCRIPTS)) {
      const address = addressOfScript(script, network);
      expect(address.startsWith(prefix)).toBe(true);
      expect(scriptOfAddress(address, network)).toEqual(script);
    }
  });

  test('an address of another network is refused', () => {
    const address = addressOfScript(CHANGE_SCRIPTS.P2WPKH, 'regtest');
    for (const network of ['mainnet', 'testnet4', 'signet'] as const) {
      expect(() => scriptOfAddress(address, network)).toThrow(`${address} has an invalid prefix`);
    }
  });

  test.each([
    ['1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', /^76a914[0-9a-f]{40}88ac$/],
    ['3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy', /^a914[0-9a-f]{40}87$/],
  ])('the legacy address %s is taken: it is nobody’s loss', (address, script) => {
    expect(bytesToHex(scriptOfAddress(address, 'mainnet'))).toMatch(script);
  });

  test.each([
    ['a typing error', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5', 'has no matching Script'],
    [
      'bech32 of version 1 without the m',
      'bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcs',
      'has no matching Script',
    ],
    ['nothing', '', 'has no matching Script'],
  ])('refuses %s', (_, address, words) => {
    expect(() => scriptOfAddress(address, 'mainnet')).toThrow(words);
  });

  test('refuses a segwit version without rules: anyone could spend what it receives', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    // BIP350: version 2 and version 16 test vectors.
    for (const address of ['BC1SW50QGDZ25J', 'bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs']) {
      expect(() => scriptOfAddress(address, 'mainnet')).toThrow(
        new RangeError('a segwit version without rules yet'),
      );
    }
    warn.mockRestore();
  });
});

describe('the curve arithmetic given to bitcoinjs', () => {
  test('tweaks a taproot key as BIP86’s first test vector says', () => {
    const internalPubkey = hexToBytes('cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115');
    const { output } = payments.p2tr({ internalPubkey });
    expect(bytesToHex(output ?? new Uint8Array(0))).toBe(
      '5120a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c',
    );
  });

  test('refuses an x that is on no point', () => {
    const key = hexToBytes('5'.padStart(64, '0'));
    expect(() => payments.p2tr({ output: hexToBytes(`5120${bytesToHex(key)}`) })).toThrow(
      'Invalid pubkey for p2tr',
    );
    expect(taprootCurve?.xOnlyPointAddTweak(key, new Uint8Array(32).fill(1))).toBeNull();
  });
});
