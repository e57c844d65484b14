import { priceBounds, priceProblem } from '../../../../client/seller/price-bounds.ts';
import { minimumFirstPrice } from '../../../../shared/channel/open-channel.ts';
import { policyWith } from '../../../../shared/config.ts';
import { scriptOfAddress } from '../../../../shared/protocol/network.ts';
import { PAYOUT_ADDRESS } from '../../../support/payout.ts';

const config = (payoutAddress: string, stressFeeRate = '5000') => ({
  network: 'regtest' as const,
  table: 'spillway',
  bucket: 'chunks',
  sellerKey: { kind: 'plain' as const, secret: '01'.repeat(32) },
  payoutAddress,
  policy: policyWith({ stressFeeRate, maximumCapacity: '200000' }),
});
/** BIP350's P2TR example, for regtest. */
const TAPROOT = 'bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6';

test('the least price is what the shop itself asks of a first chunk, by the kind of its payout', () => {
  // 294 or 330 for the output and 169 vB at 5 sat/vB.
  expect(priceBounds(config(PAYOUT_ADDRESS))).toEqual({ least: 1_139n, most: 200_000n });
  expect(priceBounds(config(TAPROOT)).least).toBe(1_175n);
  const { policy } = config(TAPROOT, '25500');
  const payoutScript = scriptOfAddress(TAPROOT, 'regtest');
  expect(priceBounds(config(TAPROOT, '25500')).least).toBe(minimumFirstPrice({ policy, payoutScript }));
});

test.each([
  [1_139n, false],
  [1_138n, true],
  [200_000n, false],
  [200_001n, true],
])('%i satoshis between 1139 and 200000: a problem is %s', (price, isProblem) => {
  expect(priceProblem(price, { least: 1_139n, most: 200_000n }) !== undefined).toBe(isProblem);
});
