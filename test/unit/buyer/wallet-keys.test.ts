import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { getPublicKey } from '@noble/secp256k1';
import { HDKey } from '@scure/bip32';
import { walletKeys } from '../../../client/buyer/wallet-keys.ts';
import { addressOfScript } from '../../../shared/protocol/network.ts';
import vectors from '../../vectors/published.json';

const { bip32, bip84 } = vectors;

const chains = bip32.chains.flatMap(({ seed, keys }, index) =>
  Object.entries(keys).map(([path, key]) => ({ vector: index + 1, seed, path, key })),
);
test.each(chains)(`${bip32.source}: $vector, $path`, ({ seed, path, key }) => {
  expect(HDKey.fromMasterSeed(hexToBytes(seed)).derive(path).privateExtendedKey).toBe(key);
});

test.each(bip84.keys)(
  `${bip84.source}: $branch address $index`,
  async ({ branch, index, publicKey, address }) => {
    const keys = await walletKeys(bip84.mnemonic, 'mainnet');
    const key = branch === 'internal' ? keys.internal(index) : keys.external(index);
    expect(bytesToHex(key.publicKey)).toBe(publicKey);
    expect(bytesToHex(getPublicKey(key.secret))).toBe(publicKey);
    expect(addressOfScript(key.script, 'mainnet')).toBe(address);
  },
);

test('on the test networks the coin is 1 (SLIP44), so no key of theirs is one of mainnet', async () => {
  const [main, ...others] = await Promise.all(
    (['mainnet', 'testnet4', 'signet', 'regtest'] as const).map((network) =>
      walletKeys(bip84.mnemonic, network),
    ),
  );
  const root = HDKey.fromMasterSeed(hexToBytes(SEED));
  for (const keys of others) {
    expect(keys.external(0).publicKey).toEqual(root.derive("m/84'/1'/0'/0/0").publicKey);
    expect(keys.internal(2).publicKey).toEqual(root.derive("m/84'/1'/0'/1/2").publicKey);
    expect(keys.channel(3).publicKey).toEqual(root.derive("m/7733'/1'/0'/3'").publicKey);
    expect(keys.external(0)).not.toEqual(main?.external(0));
  }
});

/** Of BIP84's words without a passphrase, as BIP39 makes it: PBKDF2-HMAC-SHA512, 2048 rounds. */
const SEED =
  '5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4';
