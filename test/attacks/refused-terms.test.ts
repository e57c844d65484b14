import { attackedShop, SHORT_LIVES } from '../support/attacked-shop.ts';
import { allRefused } from '../support/attacks.ts';

/** Terms that would leave the seller with a settlement that no node takes, or with no time to send it. */

const shop = attackedShop({ policy: SHORT_LIVES });

const open = async (text: string, secret: Uint8Array, id: string) => {
  const planned = await shop().buyer.plan();
  return shop().buyer.shop.open({ ...planned, secret, channelId: id }, new TextEncoder().encode(text));
};

/** Terms with members changed where the schema has no room for it, in their canonical form. */
async function malformed(members: Readonly<Record<string, unknown>>) {
  const planned = await shop().buyer.plan();
  const all = { ...JSON.parse(new TextDecoder().decode(planned.termsBytes)), ...members };
  const sorted = Object.entries(all).sort(([left], [right]) => (left < right ? -1 : 1));
  return open(JSON.stringify(Object.fromEntries(sorted)), planned.secret, planned.channelId);
}

async function refusable(overrides: object) {
  const planned = await shop().buyer.plan(overrides);
  return shop().buyer.shop.open(planned, planned.termsBytes);
}

test('a refund height that is none, past, near, far, or a time', async () => {
  const height = await shop().height();
  const range = `422 terms-refused: refundHeight: must be from ${height + 20} to ${height + 100}`;
  const notOne = (reason: string) => `400 malformed-terms: refundHeight: ${reason}`;
  await allRefused(shop(), {
    'L = 0': [() => malformed({ refundHeight: 0 }), notOne('Invalid value: Expected >=1 but received 0')],
    'a time': [() => malformed({ refundHeight: 500_000_000 }), notOne('must be a block height, not a time')],
    'the time it is': [
      () => malformed({ refundHeight: 1_795_000_000 }),
      notOne('must be a block height, not a time'),
    ],
    'a fraction': [() => malformed({ refundHeight: 200.5 }), notOne('Invalid integer: Received 200.5')],
    past: [() => refusable({ refundHeight: height - 1 }), range],
    now: [() => refusable({ refundHeight: height }), range],
    'a block too near': [() => refusable({ refundHeight: height + 19 }), range],
    'a block too far': [() => refusable({ refundHeight: height + 101 }), range],
  });
});

test('change scripts that nodes do not relay, or that no settlement has room for', async () => {
  const kinds = '400 malformed-terms: changeScript: must be a P2WPKH, P2WSH or P2TR script';
  const scripts: Record<string, string> = {
    OP_RETURN: '6a00',
    OP_TRUE: '51',
    nothing: '',
    P2PKH: `76a914${'00'.repeat(20)}88ac`,
    P2SH: `a914${'00'.repeat(20)}87`,
    P2PK: `21${'02'.repeat(33)}ac`,
    'pay to anchor': '51024e73',
    'an unknown witness version': `6020${'00'.repeat(32)}`,
    'P2TR of a wrong length': `511f${'00'.repeat(31)}`,
    'P2WPKH with a byte more': `0014${'00'.repeat(20)}51`,
    'a push that says another length': `0014${'00'.repeat(19)}`,
    'ten kilobytes': '00'.repeat(5_000),
  };
  await allRefused(
    shop(),
    Object.fromEntries(
      Object.entries(scripts).map(([name, changeScript]) => [
        name,
        [() => malformed({ changeScript }), kinds] as const,
      ]),
    ),
  );
});

test('dust: after no payment may a change be left that nodes do not relay', async () => {
  const grid = '422 terms-refused: capacity: leaves a change that is dust after one of the chunks';
  const P2WPKH = Uint8Array.of(0, 20, ...new Uint8Array(20));
  const P2TR = Uint8Array.of(0x51, 32, ...new Uint8Array(32));
  await allRefused(shop(), {
    'a satoshi after the last': [() => refusable({ capacity: 37_001n }), grid],
    'a satoshi under the limit of P2WPKH': [
      () => refusable({ capacity: 37_293n, changeScript: P2WPKH }),
      grid,
    ],
    'the limit of P2WPKH for P2TR': [() => refusable({ capacity: 37_294n, changeScript: P2TR }), grid],
    'a satoshi under the limit of P2TR': [() => refusable({ capacity: 37_329n, changeScript: P2TR }), grid],
    'less than the price': [
      () => refusable({ capacity: 36_999n }),
      '422 terms-refused: capacity: is below the price of the chunks',
    ],
    'more than the shop binds': [
      () => refusable({ capacity: 100_000_001n }),
      '422 terms-refused: capacity: must be from 1000 to 100000000 satoshis',
    ],
  });
  for (const good of [
    { capacity: 37_000n },
    { capacity: 37_294n, changeScript: P2WPKH },
    { capacity: 37_330n, changeScript: P2TR },
  ]) {
    expect(await refusable(good)).toMatchObject({ state: 'PROPOSED' });
  }
});

test("a price, a network, a seller or chunks that are not the shop's; a key that is the seller's or was used", async () => {
  const { buyer } = shop();
  const used = await buyer.plan();
  await buyer.shop.open(used, used.termsBytes);
  const again = used.onTheSameKey({ nonce: new Uint8Array(16) });
  const { sellerKey } = used.terms;
  await allRefused(shop(), {
    'a satoshi cheaper': [
      () => refusable({ pricePerChunk: 4_999n }),
      '422 terms-refused: pricePerChunk: is 5000 satoshis now',
    ],
    mainnet: [() => refusable({ network: 'mainnet' }), '422 terms-refused: network: is regtest here'],
    'another seller': [
      () => refusable({ sellerKey: used.key }),
      "422 terms-refused: sellerKey: is not the shop's key",
    ],
    'a dataset that is not for sale': [
      () => refusable({ manifest: '0'.repeat(64) }),
      '422 terms-refused: manifest: is not for sale here',
    ],
    'chunks beyond it': [
      () => refusable({ first: 1, count: 8 }),
      '422 terms-refused: chunks: reach beyond the dataset',
    ],
    'a chunk more than it has, from its first one on': [
      () => refusable({ count: 9 }),
      '422 terms-refused: chunks: reach beyond the dataset',
    ],
    "the seller's key for the buyer's": [
      () => malformed({ buyerKey: Buffer.from(sellerKey).toString('hex') }),
      '400 malformed-terms: terms: buyerKey must not be sellerKey',
    ],
    'a key of another channel': [
      () => buyer.shop.open(again, again.termsBytes),
      '409 buyer-key-used: buyerKey: belongs to another channel',
    ],
  });
});
