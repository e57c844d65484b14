import type { Buyer } from './buyer-context.ts';
import { BuyerError } from './errors.ts';
import { type BuyRequest, preparePurchase } from './prepare-purchase.ts';
import { closePurchase, planOf } from './purchase.ts';
import type { PurchasePlan } from './purchase-plan.ts';

/**
 * What a purchase would cost and bind. A new one says so when it asks, before anything is noted; one that was begun has to be
 * opened to tell.
 * @throws BuyerError
 */
export async function planPurchase(buyer: Buyer, request: BuyRequest): Promise<PurchasePlan> {
  let plan: PurchasePlan | undefined;
  const confirm = async (asked: PurchasePlan) => {
    plan = asked;
    return false;
  };
  try {
    const purchase = await preparePurchase(buyer, { ...request, confirm }, () => undefined);
    try {
      return await planOf(purchase);
    } finally {
      await closePurchase(purchase);
    }
  } catch (error) {
    if (plan && error instanceof BuyerError && error.code === 'usage') return plan;
    throw error;
  }
}
