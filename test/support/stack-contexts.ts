export const CHAIN_SECRET = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:chain-AbCdEf';
export const SELLER_SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:seller-AbCdEf';

/** A context that is complete, as a seller has it. */
export const CONTEXT: Readonly<Record<string, unknown>> = {
  network: 'signet',
  chain: `secret:${CHAIN_SECRET}`,
  payoutAddress: 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx',
  sellerKey: 'kms',
  alarmEmail: 'seller@shop.example',
};

/** The same with the key in a secret and a chain source that anyone may know. */
export const SECRET_CONTEXT: Readonly<Record<string, unknown>> = {
  ...CONTEXT,
  chain: 'esplora+https://esplora.example/api',
  sellerKey: `secret:${SELLER_SECRET_ARN}`,
  sellerPublicKey: `02${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}`,
};
