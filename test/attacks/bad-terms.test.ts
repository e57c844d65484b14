import { termsToJson } from '../../shared/protocol/terms.ts';
import { describeRefused, summaryOf } from '../support/refusing-shop.ts';

const NO_ID = '0'.repeat(64);

describeRefused('terms', (scene, expectNothingChanged) => {
  test('terms in other bytes than their canonical ones, with other members, or out of bounds', async () => {
    const fresh = await scene().buyer.plan();
    const text = new TextDecoder().decode(fresh.termsBytes);
    const sendTerms = async (body: string) =>
      summaryOf(await scene().send('POST', '/channels', body, { channel: fresh }));
    const notCanonical = '400 malformed-terms: the bytes are not RFC 8785 canonical JSON';
    for (const body of [
      text.replace(',', ', '),
      `${text}\n`,
      `\ufeff${text}`,
      text.replace('"credit":1', '"credit":1.0'),
      text.replace('"credit":1', '"credit":1e0'),
      text.replace('"credit":1', '"credit":1,"credit":1'),
      text.replace('"network"', '"\\u006eetwork"'),
      JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse())),
    ]) {
      expect(await sendTerms(body)).toBe(notCanonical);
    }
    const json = termsToJson(fresh.terms);
    const changed = (members: Record<string, unknown>) => {
      const all = Object.entries({ ...json, ...members }).filter(([, value]) => value !== undefined);
      return JSON.stringify(Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1))));
    };
    for (const members of [
      { extra: 1 },
      { nonce: undefined },
      { protocol: 'spillway/2' },
      { network: 'litecoin' },
      { buyerKey: `02${'ff'.repeat(32)}` },
      { buyerKey: `04${'11'.repeat(64)}` },
      { buyerKey: json.sellerKey },
      { manifest: 'x' },
      { chunks: [0] },
      { chunks: [0, 0] },
      { chunks: [-1, 1] },
      { chunks: [0, 1, 2] },
      { pricePerChunk: 5000 },
      { pricePerChunk: '05000' },
      { pricePerChunk: '-5000' },
      { capacity: '2100000000000001' },
      { capacity: '1e5' },
      { credit: 2 },
      { credit: '1' },
      { refundHeight: 0 },
      { refundHeight: 500_000_000 },
      { refundHeight: '1000' },
      { changeScript: '6a00' },
      { changeScript: `76a914${'00'.repeat(20)}88ac` },
      { nonce: '00' },
    ]) {
      expect([members, await sendTerms(changed(members))]).toEqual([
        members,
        expect.stringMatching(/^400 malformed-terms: /),
      ]);
    }
    // Good in form, and not what this shop agrees to.
    const { height } = (await scene().buyer.shop.shop()).tip;
    for (const [members, field] of [
      [{ network: 'mainnet' }, 'network'],
      [{ sellerKey: fresh.key }, 'sellerKey'],
      [{ manifest: NO_ID }, 'manifest'],
      [{ first: 1, count: 3 }, 'chunks'],
      [{ pricePerChunk: 4_999n }, 'pricePerChunk'],
      [{ capacity: 10_999n }, 'capacity'],
      [{ capacity: 11_001n }, 'capacity'],
      [{ capacity: 100_000_001n }, 'capacity'],
      [{ refundHeight: height + 287 }, 'refundHeight'],
      [{ refundHeight: height + 2_017 }, 'refundHeight'],
      [{ first: 1, count: 2 }, 'credit'],
    ] as const) {
      const channel = await scene().buyer.plan(members);
      const answer = summaryOf(await scene().send('POST', '/channels', channel.termsBytes, { channel }));
      expect([field, answer]).toEqual([
        field,
        expect.stringMatching(new RegExp(`^422 terms-refused: ${field}: `)),
      ]);
    }
    await expectNothingChanged();
  });
});
