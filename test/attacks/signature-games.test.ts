import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { Transaction } from 'bitcoinjs-lib';
import { fundingOf } from '../../client/buyer/channel-secrets.ts';
import { commitmentMessage } from '../../shared/protocol/commitment.ts';
import { CURVE_ORDER } from '../../shared/protocol/keys.ts';
import { change } from '../../shared/protocol/price.ts';
import { inputMessage, SEQUENCE } from '../../shared/protocol/sighash.ts';
import { signDigest, signMessage } from '../../shared/protocol/signature.ts';
import { attackedShop, PRICE, SHAPE } from '../support/attacked-shop.ts';
import { allRefused, moneyOf, type OpenChannel, openMany, pay } from '../support/attacks.ts';
import { withHighS } from '../support/high-s.ts';

/** Signatures that look like a payment and would not settle, or would settle for less. */

const K = 2;
const shop = attackedShop();

const scalar = (value: bigint) => hexToBytes(value.toString(16).padStart(64, '0'));

/** What A may sign in place of the commitment to k = 2: the transaction is as B would build it but for what is changed. */
interface Forgery {
  readonly version?: number;
  readonly locktime?: number;
  readonly sequence?: number;
  readonly hashType?: number;
  readonly left?: bigint;
  readonly script?: Uint8Array;
  readonly capacity?: bigint;
}

function forged(channel: OpenChannel, forgery: Forgery): Uint8Array {
  const { terms, outpoint, witnessScript, secret } = channel;
  const transaction = new Transaction();
  transaction.version = forgery.version ?? 3;
  transaction.locktime = forgery.locktime ?? 0;
  const hash = hexToBytes(outpoint.txid).reverse();
  transaction.addInput(hash, outpoint.vout, forgery.sequence ?? SEQUENCE);
  const left = forgery.left ?? change(terms, SHAPE, K);
  transaction.addOutput(forgery.script ?? terms.changeScript, left);
  const capacity = forgery.capacity ?? terms.capacity;
  return signDigest(
    secret,
    transaction.hashForWitnessV0(0, witnessScript, capacity, forgery.hashType ?? 0x83),
  );
}

async function twoChannels(): Promise<[OpenChannel, OpenChannel]> {
  const [one, other] = await openMany(shop(), 2);
  if (!one || !other) throw new Error('two were opened');
  return [one, other];
}

test('every signature that is not the one strict commitment is refused, and nothing is paid by it', async () => {
  const [channel, other] = await twoChannels();
  const { terms, outpoint } = channel;
  const good = channel.commitment(outpoint, K);
  const owed = change(terms, SHAPE, K);
  const half = (from: number) => good.slice(from, from + 32);
  const otherScript = other.terms.changeScript;
  // The forger's own builder makes the good one too, so that what is refused is refused for what was changed.
  expect(bytesToHex(forged(channel, {}))).toBe(bytesToHex(good));

  const signatures: Record<string, Uint8Array> = {
    'high s': withHighS(good),
    'r is 0': Uint8Array.of(...new Uint8Array(32), ...half(32)),
    's is 0': Uint8Array.of(...half(0), ...new Uint8Array(32)),
    'both are 0': new Uint8Array(64),
    'r is n': Uint8Array.of(...scalar(CURVE_ORDER), ...half(32)),
    's is n': Uint8Array.of(...half(0), ...scalar(CURVE_ORDER)),
    'r is above n': Uint8Array.of(...new Uint8Array(32).fill(255), ...half(32)),
    's is above n': Uint8Array.of(...half(0), ...new Uint8Array(32).fill(255)),
    'r and s changed places': Uint8Array.of(...half(32), ...half(0)),
    'a bit is flipped': good.with(40, (good[40] ?? 0) ^ 1),
    ALL: forged(channel, { hashType: 0x01 }),
    NONE: forged(channel, { hashType: 0x02 }),
    SINGLE: forged(channel, { hashType: 0x03 }),
    'ALL|ANYONECANPAY': forged(channel, { hashType: 0x81 }),
    'NONE|ANYONECANPAY': forged(channel, { hashType: 0x82 }),
    'version 2': forged(channel, { version: 2 }),
    'version 1': forged(channel, { version: 1 }),
    'sequence final': forged(channel, { sequence: 0xffffffff }),
    'sequence a relative lock': forged(channel, { sequence: 144 }),
    'locktime 1': forged(channel, { locktime: 1 }),
    'locktime L': forged(channel, { locktime: terms.refundHeight }),
    'a satoshi more for A': forged(channel, { left: owed + 1n }),
    'a satoshi less for A': forged(channel, { left: owed - 1n }),
    'change to another script': forged(channel, { script: otherScript }),
    'another capacity': forged(channel, { capacity: terms.capacity + 1n }),
    'another outpoint': channel.commitment({ ...outpoint, vout: outpoint.vout ^ 1 }, K),
    'another k': channel.commitment(outpoint, K - 1),
    "another channel's": other.commitment(other.outpoint, K),
    "another channel's key on this funding": signMessage(
      other.secret,
      commitmentMessage(fundingOf(channel, outpoint), terms.changeScript, owed),
    ),
    'the refund, signed by A': signMessage(
      channel.secret,
      inputMessage({
        version: 2,
        locktime: terms.refundHeight,
        funding: fundingOf(channel, outpoint),
      }),
    ),
  };
  await allRefused(
    shop(),
    Object.fromEntries(
      Object.entries(signatures).map(([name, signature]) => [
        name,
        [
          () => shop().buyer.shop.commit(channel, K, bytesToHex(signature)),
          '422 bad-commitment-signature: not a strict signature by the channel key of commitment 2',
        ],
      ]),
    ),
  );

  // The one that is good pays, and settles; none of the others takes its place.
  expect(await pay(shop(), channel, K)).toMatchObject({ paid: K });
  await allRefused(shop(), {
    'a bad one over the good one': [
      () => shop().buyer.shop.commit(channel, K, bytesToHex(withHighS(good))),
      '422 bad-commitment-signature: not a strict signature by the channel key of commitment 2',
    ],
  });
  await shop().buyer.shop.close(channel);
  await shop().faucet.mine(1);
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), channel);
  expect([toSeller + fee, toBuyer]).toEqual([2n * PRICE, owed]);
});

test('a channel that ends without change: its last payment commits to no output, and to none but that', async () => {
  const [channel] = await openMany(shop(), 1, () => ({ capacity: 37_000n }));
  if (!channel) throw new Error('one was opened');
  const funding = fundingOf(channel, channel.outpoint);
  const commit = (signature: Uint8Array) => shop().buyer.shop.commit(channel, 8, bytesToHex(signature));
  const empty = { script: channel.terms.changeScript, value: 0n };
  await allRefused(shop(), {
    'an output of nothing': [
      () =>
        commit(
          signMessage(channel.secret, inputMessage({ version: 3, locktime: 0, funding, output: empty })),
        ),
      '422 bad-commitment-signature: not a strict signature by the channel key of commitment 8',
    ],
    'a refund without a height': [
      () => commit(signMessage(channel.secret, inputMessage({ version: 2, locktime: 0, funding }))),
      '422 bad-commitment-signature: not a strict signature by the channel key of commitment 8',
    ],
  });
  await pay(shop(), channel, 8);
  await shop().sweep();
  await shop().faucet.mine(1);
  const { toSeller, toBuyer, fee } = await moneyOf(shop(), channel);
  expect([toSeller + fee, toBuyer]).toEqual([37_000n, 0n]);
});
