import { type Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  type Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface ShopFunctionProps {
  readonly functionName: string;
  /** The bundle of `functions/<name>.ts`. */
  readonly code: Code;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeout: Duration;
}

/**
 * MB. CPU comes with memory, and a start is CPU; the memory itself is not what is short: at most 103 MiB were held by
 * issue-chunk-url after 250 requests, 117 by accept-commitment, 135 by settle-channels (`npm run bench -- functions`, x86-64).
 */
const MEMORY = 1_024;

/** One function of the shop: runtime, logs and tracing in one place. Its role may write its own logs and nothing else. */
export class ShopFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, { functionName, code, environment, timeout }: ShopFunctionProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [this.logGroup.logGroupArn],
      }),
    );
    this.function = new LambdaFunction(this, 'Function', {
      description: `Spillway: ${functionName}`,
      code,
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: MEMORY,
      timeout,
      role: this.role,
      // The map lies beside the bundle for whoever reads a stack; reading it at each start would cost 15 ms of 85.
      environment: { ...environment },
      logGroup: this.logGroup,
      // Lambda's own lines are then objects as ours are, so that one query can ask all of them for their fields.
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
    });
    Validations.of(this.role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'X-Ray takes no resource: xray:PutTraceSegments and xray:PutTelemetryRecords.',
    });
  }
}
