import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { policyWith } from '../shared/config.ts';
import { ROUTES } from '../shared/http/routes.ts';
import type { InfraConfig } from './config.ts';
import { AlarmTopic } from './constructs/alarm-topic.ts';
import { DatasetBucket } from './constructs/dataset-bucket.ts';
import { grant, type Resources, variables } from './constructs/function-access.ts';
import { FUNCTION_GRANTS, type FunctionName } from './constructs/function-grants.ts';
import { SellerKey } from './constructs/seller-key.ts';
import { SellerPolicy } from './constructs/seller-policy.ts';
import { SettlementSchedule } from './constructs/settlement-schedule.ts';
import { ShopAlarms } from './constructs/shop-alarms.ts';
import { ShopApi } from './constructs/shop-api.ts';
import { ShopDashboard } from './constructs/shop-dashboard.ts';
import { ShopFunction } from './constructs/shop-function.ts';
import { ShopMetrics } from './constructs/shop-metrics.ts';
import { ShopTable } from './constructs/shop-table.ts';
import { Storefront } from './constructs/storefront.ts';

/** API Gateway waits 30 s; the schedule's next run comes after 60. */
const API_TIMEOUT = Duration.seconds(29);
const SWEEP_TIMEOUT = Duration.seconds(60);

export interface ShopStackProps extends StackProps {
  readonly config: InfraConfig;
  /** Each function's bundle. */
  readonly codeOf: (name: FunctionName) => Code;
}

/** A seller's whole shop. Each part is a construct of its own; here they are only put together. */
export class ShopStack extends Stack {
  constructor(scope: Construct, id: string, { config, codeOf, ...props }: ShopStackProps) {
    super(scope, id, { description: 'Spillway: sells datasets by the gigabyte for bitcoin', ...props });
    const { table } = new ShopTable(this, 'Table');
    const { bucket, bytesDownloaded } = new DatasetBucket(this, 'Datasets');
    const sellerKey = new SellerKey(this, 'SellerKey', config.sellerKey);
    const namespace = `Spillway/${this.stackName}`;
    const resources: Resources = { table, bucket, sellerKey, config, namespace };

    const make = (functionName: FunctionName, timeout: Duration): ShopFunction => {
      const environment = variables(resources, FUNCTION_GRANTS[functionName]);
      const code = codeOf(functionName);
      const made = new ShopFunction(this, functionName, { functionName, code, environment, timeout });
      grant(made.role, resources, FUNCTION_GRANTS[functionName]);
      return made;
    };
    const sweep = make('settle-channels', SWEEP_TIMEOUT);
    const functions = new Map(
      Object.values(ROUTES).map(({ functionName }) => [functionName, make(functionName, API_TIMEOUT)]),
    );
    const functionOf = (name: (typeof ROUTES)[keyof typeof ROUTES]['functionName']) => {
      const made = functions.get(name);
      if (!made) throw new Error(`no function ${name}`);
      return made.function;
    };
    const { api, accessLog, url } = new ShopApi(this, 'Api', { functionOf, domain: config.domain });
    const { network } = config;
    const { bucket: pages, site } = new Storefront(this, 'Pages', {
      shopUrl: url,
      datasets: bucket,
      network,
    });
    const { policy: sellerPolicy } = new SellerPolicy(this, 'SellerPolicy', {
      table,
      bucket,
      pages,
      sellerKey,
    });
    const { failures } = new SettlementSchedule(this, 'Schedule', sweep.function);
    const counted = { api, accessLog, table, failures, bytesDownloaded };
    const metrics = new ShopMetrics(this, 'Metrics', { namespace, sweep: sweep.function, ...counted });
    const { topic } = new AlarmTopic(this, 'Notices', { email: config.alarmEmail });
    const { close } = policyWith(JSON.parse(config.policy));
    const { alarms } = new ShopAlarms(this, 'Alarms', { metrics, topic, close });
    const logGroups = [sweep, ...functions.values()].map(({ logGroup }) => logGroup);
    new ShopDashboard(this, 'Dashboard', { metrics, alarms, logGroups, close });
    // The seller's commands find the shop by these: client/seller/stack-outputs.ts.
    new CfnOutput(this, 'Region', { value: this.region });
    new CfnOutput(this, 'Network', { value: config.network });
    new CfnOutput(this, 'PayoutAddress', { value: config.payoutAddress });
    new CfnOutput(this, 'Policy', { value: config.policy });
    new CfnOutput(this, 'TableName', { value: table.tableName });
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName });
    new CfnOutput(this, 'Storefront', { value: this.toJsonString(site) });
    new CfnOutput(this, 'StorefrontUrl', { value: site.url });
    new CfnOutput(this, 'SellerKeyVariable', { value: sellerKey.variable('sign') });
    new CfnOutput(this, 'SellerPolicyArn', {
      value: sellerPolicy.managedPolicyArn,
      description: "Attach it to the identity that runs the seller's commands",
    });
    new CfnOutput(this, 'AlarmTopic', { value: topic.topicArn });
  }
}
