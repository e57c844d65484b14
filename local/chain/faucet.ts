import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as secp from '@noble/secp256k1';
import { address as addresses, networks, payments, script as scripts, Transaction } from 'bitcoinjs-lib';
import * as v from 'valibot';
import { bitcoindChain } from '../../shared/chain/bitcoind.ts';
import { nodeCaller } from '../../shared/chain/bitcoind-rpc.ts';
import type { WalletOutput } from '../../shared/chain/chain.ts';
import { COINBASE_MATURITY, NODE_SCAN_TIMEOUT_MS } from '../../shared/limits.ts';

secp.hashes.sha256 = sha256;
secp.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);

export interface Faucet {
  /** Where mined coins go unless told otherwise. */
  readonly address: string;
  /** Mines blocks. @returns their hashes */
  mine(blocks: number, address?: string): Promise<readonly string[]>;
  /**
   * Sends coins, mining some first if it has none; the payment itself waits in the mempool.
   * @param sats at most what one matured block reward holds
   * @returns the transaction's id
   */
  fund(address: string, sats: bigint): Promise<string>;
}

/** Everybody's key: regtest money is worth nothing, and a fixed one finds its coins again after a restart. */
const SECRET = sha256(new TextEncoder().encode('spillway regtest faucet'));
const PUBLIC_KEY = secp.getPublicKey(SECRET, true);
/** Satoshis: 7 sat/vB for a payment of one input and two outputs. */
const FEE = 1_000n;
const MAX_TRIES = 5;
const P2WPKH_DUST = 294n;

/**
 * Coins for regtest without a wallet in the node: works on bitcoind and on the embedded ledger alike.
 * @param url of the node, credentials included
 */
export function regtestFaucet(url: string): Faucet {
  const call = nodeCaller({ url, fetch: globalThis.fetch, retries: 2 });
  const chain = bitcoindChain({ url });
  const { address, output: script } = payments.p2wpkh({ pubkey: PUBLIC_KEY, network: networks.regtest });
  if (address === undefined || script === undefined) throw new Error('the faucet key has an address');

  const mine = (blocks: number, payTo = address): Promise<readonly string[]> =>
    call(v.array(v.string()), NODE_SCAN_TIMEOUT_MS, 'generatetoaddress', blocks, payTo);

  /** The smallest coin that suffices and that nothing in the mempool spends. */
  async function coinOf(atLeast: bigint): Promise<WalletOutput | undefined> {
    const coins = await chain.outputsPayingTo([script as Uint8Array]);
    const enough = coins.filter(({ value }) => value >= atLeast);
    enough.sort((left, right) => (left.value < right.value ? -1 : left.value > right.value ? 1 : 0));
    for (const coin of enough) if (await chain.unspentOutput(coin.outpoint)) return coin;
    return undefined;
  }

  async function fund(payTo: string, sats: bigint): Promise<string> {
    const target = addresses.toOutputScript(payTo, networks.regtest);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const coin = await coinOf(sats + FEE + P2WPKH_DUST);
      if (!coin) {
        await mine(COINBASE_MATURITY + 1);
        continue;
      }
      const tx = payment(coin, target, sats, script as Uint8Array);
      const outcome = await chain.broadcast(tx.toHex());
      if (outcome.kind === 'accepted' || outcome.kind === 'already-known') return tx.getId();
      // Another process with the same key may have been quicker to spend the coin: then the next one will do.
      const taken = outcome.kind === 'replacement-too-low' || outcome.kind === 'missing-inputs';
      if (!taken) throw new Error(`the faucet's payment was not taken: ${outcome.kind}, ${outcome.detail}`);
    }
    throw new Error(`no coin of this regtest chain's faucet holds ${sats} sat`);
  }

  let previous: Promise<unknown> = Promise.resolve();
  return {
    address,
    mine,
    fund(payTo, sats) {
      // One after the other, or two payments would choose the same coin.
      const next = previous.then(() => fund(payTo, sats));
      previous = next.catch(() => undefined);
      return next;
    },
  };
}

function payment(coin: WalletOutput, payTo: Uint8Array, sats: bigint, changeScript: Uint8Array): Transaction {
  const tx = new Transaction();
  tx.version = 2;
  const hash = Uint8Array.from(Buffer.from(coin.outpoint.txid, 'hex')).reverse();
  tx.addInput(hash, coin.outpoint.vout, 0xfffffffd);
  tx.addOutput(payTo, sats);
  tx.addOutput(changeScript, coin.value - sats - FEE);
  const { output: scriptCode } = payments.p2pkh({ pubkey: PUBLIC_KEY });
  if (!scriptCode) throw new Error('the faucet key has a script');
  const digest = tx.hashForWitnessV0(0, scriptCode, coin.value, Transaction.SIGHASH_ALL);
  const compact = secp.sign(digest, SECRET, { prehash: false });
  tx.setWitness(0, [scripts.signature.encode(compact, Transaction.SIGHASH_ALL), PUBLIC_KEY]);
  return tx;
}
