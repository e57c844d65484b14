import { bytesToHex } from '@noble/hashes/utils.js';
import type { Outpoint } from '../../shared/chain/chain.ts';
import { pay } from '../support/hand-buyer.ts';
import { describeRefused, problemOf, summaryOf } from '../support/refusing-shop.ts';

describeRefused('steps', (scene, expectNothingChanged) => {
  const txid = 'ab'.repeat(32);

  test('a chunk that is asked for too early: 402 and what is owed', async () => {
    for (const [chunk, owed] of [
      [1, { k: 1, satoshis: '5000' }],
      [2, { k: 2, satoshis: '10000' }],
    ] as const) {
      const answer = await scene().send('POST', `/channels/${scene().open.channelId}/chunks/${chunk}`, '', {
        channel: scene().open,
      });
      expect(problemOf(answer)).toMatchObject({
        status: 402,
        name: 'payment-required',
        owed,
        state: 'OPEN',
        paid: 0,
      });
    }
    await expectNothingChanged();
  });

  test('commitments that pay too much at once, or that A did not sign', async () => {
    const path = `/channels/${scene().open.channelId}/commitments`;
    const commit = async (k: number, signed: Uint8Array) =>
      summaryOf(await scene().send('POST', path, JSON.stringify({ k, signature: bytesToHex(signed) })));
    expect(await commit(4, scene().open.commitment(scene().open.outpoint, 3))).toMatch(
      /^422 commitment-out-of-range: /,
    );
    for (const signed of [
      scene().open.commitment(scene().open.outpoint, 2),
      scene().open.commitment(scene().open.outpoint, 1, 95_001n),
      scene().open.commitment(scene().open.outpoint, 1, 94_999n),
      scene().open.commitment({ ...scene().open.outpoint, vout: 1 }, 1),
      scene().proposed.commitment(scene().open.outpoint, 1),
      new Uint8Array(64),
    ]) {
      expect(await commit(1, signed)).toMatch(/^422 bad-commitment-signature: /);
    }
    const early = `/channels/${scene().proposed.channelId}/commitments`;
    const answer = await scene().send(
      'POST',
      early,
      JSON.stringify({ k: 1, signature: bytesToHex(scene().proposed.commitment(scene().open.outpoint, 1)) }),
    );
    expect(summaryOf(answer)).toMatch(/^409 channel-not-open: /);
    await expectNothingChanged();
  });

  describe('fundings that are not', () => {
    const nameFunding = async (outpoint: Outpoint) =>
      summaryOf(
        await scene().send(
          'POST',
          `/channels/${scene().proposed.channelId}/funding`,
          JSON.stringify({ outpoint }),
          {
            channel: scene().proposed,
          },
        ),
      );

    test.each([
      ['a satoshi too little', 99_999n],
      ['a satoshi too much', 100_001n],
    ])('%s', async (_, satoshis) => {
      const outpoint = await pay(scene().shop, scene().proposed.address, satoshis);
      const refusal = `422 funding-mismatch: the output pays ${satoshis} satoshis, the capacity is 100000`;
      // In the mempool, and as deep as anyone may want.
      expect(await nameFunding(outpoint)).toBe(refusal);
      await scene().shop.faucet.mine(6);
      expect(await nameFunding(outpoint)).toBe(refusal);
      await expectNothingChanged();
    });

    test("another script, another channel's funding, another output, one that is not there", async () => {
      const elsewhere = await pay(scene().shop, scene().shop.faucet.address, 100_000n);
      await scene().shop.faucet.mine(6);
      const script = "422 funding-mismatch: the output does not pay the channel's script";
      const missing = '409 funding-not-found: no unspent output at this outpoint';
      expect(await nameFunding(elsewhere)).toBe(script);
      expect(await nameFunding(scene().open.outpoint)).toBe(script);
      expect(await nameFunding({ ...elsewhere, vout: 1 })).toBe(script);
      expect(await nameFunding({ ...elsewhere, vout: 2 })).toBe(missing);
      expect(await nameFunding({ txid, vout: 0 })).toBe(missing);
      await expectNothingChanged();
    });

    test('an open channel takes no other one', async () => {
      const outpoint = await pay(scene().shop, scene().open.address, 100_000n);
      await scene().shop.faucet.mine(6);
      const answer = await scene().send(
        'POST',
        `/channels/${scene().open.channelId}/funding`,
        JSON.stringify({ outpoint }),
        {
          channel: scene().open,
        },
      );
      expect(summaryOf(answer)).toBe('422 funding-mismatch: the channel opened on another outpoint');
      await expectNothingChanged();
    });
  });

  test('what is good does change something, and the scan sees it', async () => {
    const before = await scene().everything();
    await scene().buyer.shop.issueChunk(scene().open, 0);
    expect(await scene().everything()).not.toEqual(before);
  });
});
