import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccountRootPrincipal,
  AnyPrincipal,
  Effect,
  type IRole,
  PolicyDocument,
  PolicyStatement,
} from 'aws-cdk-lib/aws-iam';
import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { InfraConfig } from '../config.ts';

/** What a function may do with the seller's key. */
export type KeyUse = 'none' | 'public-key' | 'sign';

/**
 * The seller's key: in KMS, where nobody can take it out, or a secret that the seller made. The KMS key waits for material
 * that the seller imports and keeps a copy of, because an account that is lost would otherwise strand every channel.
 */
export class SellerKey extends Construct {
  readonly #key: InfraConfig['sellerKey'];
  readonly #kmsArn: string | undefined;

  constructor(scope: Construct, id: string, key: InfraConfig['sellerKey']) {
    super(scope, id);
    this.#key = key;
    this.#kmsArn = key.kind === 'kms' ? this.#makeKmsKey() : undefined;
  }

  /** SPILLWAY_SELLER_KEY of a function. */
  variable(use: KeyUse): string {
    if (this.#key.kind === 'kms') return `kms:${this.#kmsArn}`;
    return use === 'sign' ? `secret:${this.#key.secretArn}` : `public:${this.#key.publicKey}`;
  }

  grant(role: IRole, use: KeyUse): void {
    const [first, ...rest] = this.statements(use);
    for (const statement of first ? [first, ...rest] : []) role.addToPrincipalPolicy(statement);
  }

  statements(use: KeyUse): readonly PolicyStatement[] {
    if (use === 'none') return [];
    if (this.#key.kind === 'secret') {
      if (use !== 'sign') return [];
      const actions = ['secretsmanager:GetSecretValue'];
      return [new PolicyStatement({ actions, resources: [this.#key.secretArn] })];
    }
    const resources = [this.#kmsArn ?? ''];
    const publicKey = new PolicyStatement({ actions: ['kms:GetPublicKey'], resources });
    if (use === 'public-key') return [publicKey];
    const sign = new PolicyStatement({
      actions: ['kms:Sign'],
      resources,
      conditions: {
        StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'DIGEST' },
      },
    });
    return [publicKey, sign];
  }

  #makeKmsKey(): string {
    const key = new CfnKey(this, 'Key', {
      description: `Spillway: the seller's key of ${Stack.of(this).stackName}`,
      keySpec: 'ECC_SECG_P256K1',
      keyUsage: 'SIGN_VERIFY',
      origin: 'EXTERNAL',
      keyPolicy: keyPolicy(),
    });
    key.applyRemovalPolicy(RemovalPolicy.RETAIN);
    new CfnOutput(this, 'KeyId', { value: key.ref, description: 'Import the key material into it' });
    return key.attrArn;
  }
}

function keyPolicy(): PolicyDocument {
  return new PolicyDocument({
    statements: [
      // KMS asks for it: without it no IAM policy of the account counts, and the key could become unmanageable
      // (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
      new PolicyStatement({
        sid: 'AccountByItsPolicies',
        principals: [new AccountRootPrincipal()],
        actions: ['kms:*'],
        resources: ['*'],
      }),
      new PolicyStatement({
        sid: 'NobodyDeletesTheKey',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['kms:ScheduleKeyDeletion', 'kms:DeleteImportedKeyMaterial'],
        resources: ['*'],
      }),
    ],
  });
}
