/** All that a page needs to buy: the purchase as it is everywhere, and what it works with in a browser. */

export { esploraChain } from '../../../shared/chain/esplora.ts';
export { systemClock } from '../../../shared/clock.ts';
export type { Buyer, PurchaseEvent } from '../buyer-context.ts';
export { BuyerError, ShopProblem } from '../errors.ts';
export { patientChain } from '../patient-chain.ts';
export type { BuyRequest } from '../prepare-purchase.ts';
export { buy } from '../purchase.ts';
export { listPurchases } from '../purchase-journal.ts';
export { recoveryFile, restoreRecoveryFile } from '../recovery-file.ts';
export { refund } from '../refund.ts';
export { watchRefunds } from '../refund-watch.ts';
export { PATIENT } from '../retry.ts';
export { shopClient } from '../shop-client.ts';
export { buyerStatus } from '../status.ts';
export { openWallet } from '../wallet.ts';
export { browserPlatform } from './browser-platform.ts';
export { savedDataset } from './saved-dataset.ts';
