/** The buyer as it runs, on its own view of the chain. */

export { nodeHome } from '../../client/buyer/node/node-home.ts';
export { nodePlatform } from '../../client/buyer/node/node-platform.ts';
export { buy } from '../../client/buyer/purchase.ts';
export { listPurchases } from '../../client/buyer/purchase-journal.ts';
export { refund } from '../../client/buyer/refund.ts';
export { bitcoindChain } from '../../shared/chain/bitcoind.ts';
