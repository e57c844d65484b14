import { once } from 'node:events';
import type { Server } from 'node:http';

export interface LocalServer {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Listens on 127.0.0.1 alone.
 * @param port the one wanted, so that links stay good over a restart; another one where it is taken, or 0
 */
export async function listenOnLoopback(server: Server, port: number): Promise<LocalServer> {
  const actual = (await tryPort(server, port)) ?? (await tryPort(server, 0));
  if (actual === undefined) throw new Error('no port to listen on');
  return {
    url: `http://127.0.0.1:${actual}`,
    port: actual,
    stop() {
      const closed = new Promise<void>((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
      });
      server.closeAllConnections();
      return closed;
    },
  };
}

async function tryPort(server: Server, port: number): Promise<number | undefined> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (port !== 0 && error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      return undefined;
    throw error;
  }
  const address = server.address();
  return typeof address === 'object' ? address?.port : undefined;
}
