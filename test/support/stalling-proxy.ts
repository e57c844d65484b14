import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StallingProxy {
  readonly url: string;
  /** Resolves once a request is held back. */
  readonly stalled: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Passes requests on to a server unchanged, but answers none from the moment that `stalls` says so: what is killed then,
 * is killed at a known point.
 * @param stalls sees every request before it is passed on; 'answer' passes it on and keeps what is answered
 * @param answered sees every request that was answered
 */
export async function startStallingProxy(
  target: string,
  stalls: (message: IncomingMessage) => boolean | 'answer',
  answered: (message: IncomingMessage) => void = () => {},
): Promise<StallingProxy> {
  let held = false;
  let hold = () => {};
  const stalled = new Promise<void>((resolve) => {
    hold = resolve;
  });
  const server = createServer((message: IncomingMessage, response: ServerResponse) => {
    const stall = !held && stalls(message);
    held ||= stall === true;
    if (held) {
      hold();
      return;
    }
    const { method, headers, url } = message;
    const onward = request(new URL(url ?? '/', target), { method, headers }, (answer) => {
      held ||= stall === 'answer';
      if (held) {
        answer.resume();
        hold();
        return;
      }
      answered(message);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    onward.on('continue', () => response.writeContinue());
    message.pipe(onward);
  });
  // The target is asked whether to go on, not answered for.
  server.on('checkContinue', (message, response) => server.emit('request', message, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stalled,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
