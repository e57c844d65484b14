import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { type LocalServer, listenOnLoopback } from '../../local/listen.ts';

/** What runs a bundle: Lambda's own client where `scripts/get-lambda-runtime.sh` built it, and ours everywhere. */
export interface LambdaRuntime {
  readonly name: string;
  readonly script: string;
}

const OURS = { name: 'our own client', script: resolve('test/support/lambda-client.mjs') };
const AMAZONS = {
  name: 'aws-lambda-ric',
  script: resolve('.lambda-runtime/node_modules/aws-lambda-ric/index.mjs'),
};

export function availableRuntimes(): readonly LambdaRuntime[] {
  const isBuilt = existsSync(join(AMAZONS.script, '../rapid-client.node'));
  return isBuilt ? [AMAZONS, OURS] : [OURS];
}

/** How an invocation ended, as the runtime told it. */
export type Outcome =
  // biome-ignore lint/suspicious/noExplicitAny: whatever the function answers
  { readonly answer: any } | { readonly error: ReportedError };

export interface ReportedError {
  readonly errorType: string;
  readonly errorMessage: string;
}

/** A function that was loaded and waits for events. */
export interface LambdaFunction {
  readonly pid: number;
  /** What it logged, as Lambda's JSON logs have it; whole once it was stopped. */
  lines(): LogLine[];
  /** @param timeLimit milliseconds until the deadline that Lambda tells */
  invoke(event: unknown, timeLimit?: number): Promise<Outcome>;
  /** Until it waits for its next event. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export interface LogLine {
  readonly level: string;
  // biome-ignore lint/suspicious/noExplicitAny: what was logged
  readonly message: any;
}

/**
 * Hosts Lambda's Runtime API for one function and starts the runtime on it
 * (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
 * @param folder that holds index.mjs
 * @returns once the bundle is loaded
 * @throws Error with the runtime's own words where it is not
 */
export async function startFunction(
  runtime: LambdaRuntime,
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<LambdaFunction> {
  const host = new RuntimeHost();
  const server = await listenOnLoopback(
    createServer((request, response) => void host.take(request, response)),
    0,
  );
  const child = spawn(process.execPath, [runtime.script], {
    env: { ...lambdaEnvironment(`127.0.0.1:${server.port}`, folder), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += data));
  child.on('close', () => host.fail(`the runtime ended: ${printed}`));
  const stop = () => stopAll(child, server);
  try {
    await host.waiting();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    lines: () =>
      printed
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line)),
    invoke: (event, timeLimit = 29_000) => host.invoke(event, timeLimit),
    idle: () => host.waiting(),
    stop,
  };
}

/** What Lambda sets for the runtime (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html). */
function lambdaEnvironment(api: string, folder: string): Record<string, string> {
  return {
    AWS_LAMBDA_RUNTIME_API: api,
    LAMBDA_TASK_ROOT: folder,
    _HANDLER: 'index.handler',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: 'function',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
    AWS_LAMBDA_LOG_GROUP_NAME: 'logs',
    AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
    AWS_LAMBDA_LOG_FORMAT: 'JSON',
  };
}

async function stopAll(child: ChildProcess, server: LocalServer): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  await server.stop();
}

/** One event at a time, as for every instance of a function. */
class RuntimeHost {
  #next: ServerResponse | undefined;
  #failure: Error | undefined;
  #onNext: () => void = () => undefined;
  #onOutcome: (outcome: Outcome) => void = () => undefined;
  #onFailure: (reason: Error) => void = () => undefined;
  #invocations = 0;

  /** Until the runtime asks for an event. */
  waiting(): Promise<void> {
    return new Promise((found, failed) => {
      if (this.#failure) failed(this.#failure);
      if (this.#next) found();
      this.#onNext = found;
      this.#onFailure = failed;
    });
  }

  async invoke(event: unknown, timeLimit: number): Promise<Outcome> {
    await this.waiting();
    const outcome = new Promise<Outcome>((found, failed) => {
      this.#onOutcome = found;
      this.#onFailure = failed;
    });
    this.#next?.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': `invocation-${this.#invocations++}`,
      'lambda-runtime-deadline-ms': `${Date.now() + timeLimit}`,
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:111122223333:function:function',
    });
    this.#next?.end(JSON.stringify(event));
    this.#next = undefined;
    return outcome;
  }

  fail(reason: string): void {
    this.#failure ??= new Error(reason);
    this.#onFailure(this.#failure);
  }

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.replace('/2018-06-01/runtime', '') ?? '';
    if (path === '/invocation/next') {
      this.#next = response;
      this.#onNext();
      return;
    }
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const document = JSON.parse(Buffer.concat(pieces).toString('utf8'));
    response.writeHead(202).end();
    if (path === '/init/error') this.fail(`init error: ${document.errorType}: ${document.errorMessage}`);
    else this.#onOutcome(path.endsWith('/response') ? { answer: document } : { error: document });
  }
}
