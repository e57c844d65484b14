/** BIP173's example of a P2WPKH address, for regtest. */
export const PAYOUT_ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';

/** By the default policy, for that address. */
export const PRICES = { least: 1_139n, most: 100_000_000n };
