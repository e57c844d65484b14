import type { NodeError, Rpc } from './rpc.ts';

/** What testmempoolaccept says of a transaction: `allowed`, or the reason. */
export async function testedBy(rpc: Rpc, raw: string): Promise<string> {
  const [answer] = (await rpc('testmempoolaccept', [raw])) as {
    allowed: boolean;
    'reject-reason'?: string;
  }[];
  return answer?.allowed ? 'allowed' : (answer?.['reject-reason'] ?? '');
}

/** The error's code and message as it is sent, and the reason that a test of it gives. */
export async function refusalOf(rpc: Rpc, raw: string): Promise<readonly [number, string, string]> {
  const reason = await testedBy(rpc, raw);
  const error: NodeError | undefined = await rpc('sendrawtransaction', raw).then(
    () => undefined,
    (thrown) => thrown,
  );
  if (!error) throw new Error('the node took it');
  return [error.code, error.message, reason];
}
