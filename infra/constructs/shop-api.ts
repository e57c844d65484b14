import { CfnOutput, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CfnStage,
  CorsHttpMethod,
  DomainName,
  HttpApi,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ROUTES, type Route } from '../../shared/http/routes.ts';
import { CONTINUES_HEADER, SIGNATURE_HEADER, TIME_HEADER } from '../../shared/protocol/request.ts';
import type { InfraConfig } from '../config.ts';

export interface ShopApiProps {
  readonly functionOf: (name: (typeof ROUTES)[keyof typeof ROUTES]['functionName']) => IFunction;
  readonly domain: InfraConfig['domain'];
}

/** Requests a second, and how many at once on top: a shop's own limit on what strangers can cost it. */
const THROTTLE = { rateLimit: 100, burstLimit: 200 };
/** What costs a signature or a write before anybody has paid is held shorter: a buyer needs it once a channel. */
const TIGHT_THROTTLES = {
  cosignRefund: { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 },
  openChannel: { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 },
} as const;

/** No path, no header, no address: channel ids, signatures and links stay out. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  route: '$context.routeKey',
  status: '$context.status',
  integrationStatus: '$context.integrationStatus',
  milliseconds: '$context.responseLatency',
  bytes: '$context.responseLength',
};

/** The HTTP API: the routes of the table that the local gateway reads too. */
export class ShopApi extends Construct {
  readonly api: HttpApi;
  readonly accessLog: LogGroup;
  /** Where buyers call it. */
  readonly url: string;

  constructor(scope: Construct, id: string, { functionOf, domain }: ShopApiProps) {
    super(scope, id);
    this.accessLog = new LogGroup(this, 'AccessLog', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.api = new HttpApi(this, 'Api', {
      description: 'Spillway shop',
      createDefaultStage: false,
      corsPreflight: {
        allowOrigins: ['*'],
        allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST],
        allowHeaders: ['content-type', TIME_HEADER, SIGNATURE_HEADER, CONTINUES_HEADER],
        maxAge: Duration.days(1),
      },
    });
    const routes = this.#addRoutes(functionOf);
    for (const route of routes) {
      Validations.of(route).acknowledge({
        id: 'AwsSolutions-APIG4',
        reason: 'Buyers have no AWS identity: the functions check the signature of the channel key.',
      });
    }
    this.#addStage(domain, routes);
    this.url = domain ? `https://${domain.name}` : this.api.apiEndpoint;
    new CfnOutput(this, 'Url', { value: this.url });
  }

  #addRoutes(functionOf: ShopApiProps['functionOf']) {
    return Object.entries(ROUTES).flatMap(([name, { method, path, functionName }]) =>
      this.api.addRoutes({
        path,
        methods: [method === 'GET' ? HttpMethod.GET : HttpMethod.POST],
        integration: new HttpLambdaIntegration(name, functionOf(functionName)),
      }),
    );
  }

  #addStage(domain: InfraConfig['domain'], routes: ReturnType<HttpApi['addRoutes']>): void {
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new LogGroupLogDestination(this.accessLog),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
      ...(domain && { domainMapping: { domainName: this.#domainName(domain) } }),
    });
    // A route's own throttle names the route, which must be there first.
    stage.node.addDependency(...routes);
    const resource = stage.node.defaultChild;
    if (!(resource instanceof CfnStage)) throw new TypeError('a stage is a CfnStage');
    resource.routeSettings = Object.fromEntries(
      Object.entries(TIGHT_THROTTLES).map(([name, throttle]) => {
        const { method, path }: Route = ROUTES[name as keyof typeof TIGHT_THROTTLES];
        return [`${method} ${path}`, throttle];
      }),
    );
  }

  #domainName({ name, certificateArn }: NonNullable<InfraConfig['domain']>): DomainName {
    const certificate = Certificate.fromCertificateArn(this, 'Certificate', certificateArn);
    const domainName = new DomainName(this, 'Domain', { domainName: name, certificate });
    const { regionalDomainName } = domainName;
    new CfnOutput(this, 'DomainTarget', { value: regionalDomainName, description: `CNAME of ${name}` });
    return domainName;
  }
}
