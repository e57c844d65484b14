import { bytesToHex } from '@noble/hashes/utils.js';
import { verify } from '@noble/secp256k1';
import { script as bitcoinScript, Transaction } from 'bitcoinjs-lib';
import { witnessScript } from '../../../shared/channel/channel-facts.ts';
import { closeChannel } from '../../../shared/channel/close-channel.ts';
import type { Channel } from '../../../shared/store/channel-record.ts';
import {
  CHANGE_SCRIPT,
  type ChannelShop,
  channelShop,
  lastSettlement,
  openAndPaid,
  PAYOUT_SCRIPT,
  SELLER_KEY,
} from '../../support/channel-shop.ts';
import { tableServer } from '../../support/table-server.ts';

const tables = tableServer();

/** A CLOSING channel whose settlement was broadcast. */
async function closed(shop: ChannelShop, paid: number, overrides = {}): Promise<Channel> {
  const channel = await openAndPaid(shop, 'alice', paid, overrides);
  return (await closeChannel(shop, channel)).channel;
}

function fundingOf({ funding }: Channel) {
  if (!funding) throw new Error('the channel has a funding');
  return funding.outpoint;
}

describe('the settlement', () => {
  test('pays A its change and B the rest, to the satoshi, with both signatures', async () => {
    const shop = await channelShop(tables());
    const channel = await closed(shop, 3);
    const { raw, txid, fee, signedAtHeight } = await lastSettlement(shop, channel);
    const transaction = Transaction.fromHex(raw);
    expect([transaction.version, transaction.locktime, transaction.ins.length]).toEqual([3, 0, 1]);
    expect(transaction.getId()).toBe(txid);
    expect(signedAtHeight).toBe(shop.chain.height());
    const [input] = transaction.ins;
    if (!input) throw new Error('it has one input');
    expect(bytesToHex(Uint8Array.from(input.hash).reverse())).toBe(fundingOf(channel).txid);
    expect([input.index, input.sequence]).toEqual([fundingOf(channel).vout, 0xfffffffd]);
    // 2 sat/vB of at most 169 vB, and what B was paid for three chunks less that.
    expect(fee).toBe(2n * 169n);
    expect(transaction.outs.map(({ script, value }) => [bytesToHex(script), value])).toEqual([
      [bytesToHex(CHANGE_SCRIPT), 60_000n - 15_000n],
      [bytesToHex(PAYOUT_SCRIPT), 15_000n - 338n],
    ]);
    const [empty, buyer, seller, script] = input.witness;
    expect([empty?.length, script]).toEqual([0, Buffer.from(witnessScript(channel))]);
    if (!buyer || !seller) throw new Error('it has two signatures');
    const signatures = [buyer, seller].map((signature) => bitcoinScript.signature.decode(signature));
    expect(signatures.map(({ hashType }) => hashType)).toEqual([0x83, 0x01]);
    const keys = [channel.channelKey, SELLER_KEY];
    signatures.forEach(({ signature, hashType }, index) => {
      const digest = transaction.hashForWitnessV0(0, witnessScript(channel), 60_000n, hashType);
      expect(verifiesDigest(keys[index], digest, signature)).toBe(true);
    });
  });

  test('has no change where nothing is left, and A’s signature commits to no output', async () => {
    const shop = await channelShop(tables());
    const channel = await closed(shop, 12, { capacity: 57_500n });
    const transaction = Transaction.fromHex((await lastSettlement(shop, channel)).raw);
    expect(transaction.outs.map(({ value }) => value)).toEqual([
      57_500n - (await lastSettlement(shop, channel)).fee,
    ]);
    expect(transaction.ins[0]?.witness[1]?.at(-1)).toBe(0x82);
  });

  test.each([
    ['the estimate', 2_000n, 338n],
    ['at least one sat/vB', 0n, 169n],
    ['at most half of what B was paid', 100_000n, 2_500n],
    ['half also above the cap of 1,000 sat/vB', 10n ** 12n, 2_500n],
  ])('pays a fee of %s', async (_, rate, fee) => {
    const shop = await channelShop(tables());
    shop.chain.rate = rate;
    expect((await lastSettlement(shop, await closed(shop, 1))).fee).toBe(fee);
  });

  test('never pays more than 1,000 sat/vB', async () => {
    const shop = await channelShop(tables(), { threeConfirmationsAbove: '100000000' });
    await shop.datasets.setPrice('ab'.repeat(32), 1_000_000n);
    shop.chain.rate = 5_000_000n;
    const channel = await closed(shop, 1, { pricePerChunk: 1_000_000n, capacity: 12_000_000n });
    expect((await lastSettlement(shop, channel)).fee).toBe(169_000n);
  });

  test('that would leave B dust is not made, and says so', async () => {
    const shop = await channelShop(tables(), { stressFeeRate: '0' });
    await shop.datasets.setPrice('ab'.repeat(32), 462n);
    const channel = await closed(shop, 1, { pricePerChunk: 462n });
    // 462 less the least fee of 169 is 293, one below dust.
    expect(channel.settlements).toEqual([]);
    expect(shop.lines.at(-1)).toMatchObject({
      event: 'settlement-uneconomic',
      fields: { channels: [channel.id], share: '462', least: '169' },
    });
    expect(channel.state).toBe('CLOSING');
  });
});

function verifiesDigest(key: Uint8Array | undefined, digest: Uint8Array, signature: Uint8Array): boolean {
  return key !== undefined && verify(Uint8Array.from(signature), digest, key, { prehash: false, lowS: true });
}
