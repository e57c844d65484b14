import * as s3 from '@aws-sdk/client-s3';
import type { SweepReport } from '../../shared/channel/sweep.ts';
import { type CrashStage, OBJECT_ACCESS } from './crash-stage.ts';
import { type Death, type Mortal, mortal } from './mortal.ts';
import { mortalDynamo } from './mortal-table.ts';

/** A shop whose process dies where it is told, and is started again at once: same table, same address, empty memory. */
export interface MortalShop {
  readonly url: string;
  /** What its first process did. */
  readonly steps: readonly string[];
  /** How often it was started again. */
  readonly restarts: () => number;
  /** One run of the schedule; another process makes it again where one died of it. */
  sweep(): Promise<SweepReport>;
  stop(): Promise<void>;
}

export async function startMortalShop(
  stage: CrashStage,
  environment: Readonly<Record<string, string>>,
  deaths: readonly Death[],
): Promise<MortalShop> {
  let restarts = 0;
  let port = 0;
  const start = async (process: Mortal) => {
    const program = stage.shopProgram({
      fetch: mortalBroadcasts(process),
      environment,
      modules: {
        '@aws-sdk/client-dynamodb': mortalDynamo(process, {
          ...OBJECT_ACCESS,
          endpoint: environment.AWS_ENDPOINT_URL_DYNAMODB ?? '',
        }),
        '@aws-sdk/client-s3': withEndpoint(environment.AWS_ENDPOINT_URL_S3 ?? ''),
        '@aws-lambda-powertools/logger': { Logger: silent('info', 'warn') },
        '@aws-lambda-powertools/metrics': { Metrics: silent('addMetric', 'publishStoredMetrics') },
      },
    });
    const gateway = await program.startGateway(port);
    port = gateway.port;
    return { process, gateway, settleChannels: program.settleChannels };
  };
  const further = [...deaths];
  const first = await start(mortal(further.shift()));
  let running = first;
  let again: Promise<void> = Promise.resolve();
  /** Whoever waits for `again` finds another process running. */
  const watch = () => {
    again = running.process.died.then(async () => {
      await running.gateway.stop();
      restarts += 1;
      running = await start(mortal(further.shift()));
      watch();
    });
  };
  watch();
  const sweep = async (): Promise<SweepReport> => {
    const { process, settleChannels } = running;
    const next = again;
    const report = settleChannels({}, { getRemainingTimeInMillis: () => 60_000 });
    const done = await Promise.race([report, process.died]);
    if (done) return done;
    await next;
    return sweep();
  };
  return {
    url: first.gateway.url,
    steps: first.process.steps,
    restarts: () => restarts,
    sweep,
    stop: () => running.gateway.stop(),
  };
}

/** What goes to the chain by it outlives the process; questions do not. */
function mortalBroadcasts(process: Mortal): typeof globalThis.fetch {
  return (address, options = {}) => {
    const send = () => fetch(address, options);
    const isBroadcast = String(options.body).includes('"sendrawtransaction"');
    return isBroadcast ? process.step('broadcast', send) : process.alive(send);
  };
}

function withEndpoint(endpoint: string): unknown {
  class Client extends s3.S3Client {
    constructor(config: s3.S3ClientConfig) {
      super({ ...OBJECT_ACCESS, endpoint, ...config });
    }
  }
  return { ...s3, S3Client: Client };
}

function silent(...methods: readonly string[]): unknown {
  return class {
    constructor() {
      for (const name of methods) Object.assign(this, { [name]: () => undefined });
    }
  };
}
