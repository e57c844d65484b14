import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificates } from './certificates.ts';
import { startChild, stopChild } from './children.ts';

/**
 * nginx as the object server that peers and buyer share. It serves what lies in its folder to whoever asks: it checks no
 * signature of a link, for peers as for us. What is not there, such as a manifest, it asks the shop's own object store for,
 * which checks them.
 */
export interface Front {
  /** Every answer since the last look: when it began and ended, milliseconds since the epoch, and the bytes of its body. */
  answers(): Promise<readonly Answer[]>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly path: string;
  readonly began: number;
  readonly ended: number;
  readonly bytes: number;
}

export interface FrontOptions {
  /** Of its own: configuration, logs, temporary files. */
  readonly folder: string;
  /** What it serves. */
  readonly root: string;
  readonly port: number;
  /** The shop's object store, its URL. */
  readonly store: string;
  readonly certificates?: Certificates;
}

const READY_TRIES = 200;

export async function startFront(options: FrontOptions): Promise<Front> {
  await mkdir(options.folder, { recursive: true });
  const configuration = join(options.folder, 'nginx.conf');
  await writeFile(configuration, configurationOf(options));
  const args = ['-p', options.folder, '-c', configuration, '-e', 'stderr'];
  const nginx = startChild('nginx', args, ['ignore', 'ignore', 'inherit']);
  await untilListening(options.port, () => nginx.exitCode !== null);
  const log = join(options.folder, 'access.log');
  let read = 0;
  return {
    async answers() {
      const lines = (await readFile(log, 'utf8')).split('\n').slice(0, -1);
      const fresh = lines.slice(read).map(answerOf);
      read = lines.length;
      return fresh;
    },
    stop: () => stopChild(nginx),
  };
}

/** A port that was free a moment ago: nginx cannot be asked which one the system gave it. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('no port to listen on');
  return address.port;
}

async function untilListening(port: number, ended: () => boolean): Promise<void> {
  for (let tries = 0; tries < READY_TRIES && !ended(); tries++) {
    const socket = connect(port, '127.0.0.1');
    const outcome = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (outcome) return;
    await sleep(25);
  }
  throw new Error('nginx does not start');
}

function answerOf(line: string): Answer {
  const [ended = '', seconds = '', bytes = '', path = ''] = line.split(' ');
  const end = Number(ended) * 1000;
  return { path, began: end - Number(seconds) * 1000, ended: end, bytes: Number(bytes) };
}

function configurationOf({ folder, root, port, store, certificates }: FrontOptions): string {
  const listen = certificates
    ? `listen 127.0.0.1:${port} ssl;
    ssl_certificate ${certificates.certificate};
    ssl_certificate_key ${certificates.key};
    ssl_protocols TLSv1.3;
    # What S3 chooses; the same for everybody.
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;`
    : `listen 127.0.0.1:${port};`;
  // The folder is ours alone, and nginx's workers would be somebody else's where it is started as root.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${join(folder, kind)};`)
    .join('\n');
  return `daemon off;
${user}
worker_processes 2;
pid ${join(folder, 'nginx.pid')};
events {}
http {
${temporary}
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000;
  log_format spans '$msec $request_time $body_bytes_sent $uri';
  access_log ${join(folder, 'access.log')} spans;
  server {
    ${listen}
    root ${root};
    location / {
      try_files $uri @store;
    }
    location @store {
      proxy_pass ${store};
      proxy_set_header Host $http_host;
    }
  }
}
`;
}
