import { startEmbeddedNode } from '../../local/chain/embedded-node.ts';

/** A process of its own that runs the ledger, for tests that kill it. Says where it listens, then serves. */
async function main(): Promise<void> {
  const [, , dataFolder] = process.argv;
  if (dataFolder === undefined) throw new Error('usage: ledger-process <data folder>');
  const { url } = await startEmbeddedNode(dataFolder);
  process.stdout.write(`${url}\n`);
}

void main();
