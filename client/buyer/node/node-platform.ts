import type { Buyer } from '../buyer-context.ts';
import { nodeHome } from './node-home.ts';
import { type NodeOutputsOptions, nodeOutputs } from './node-outputs.ts';

/** What a buyer on Node works with. @param home a folder for wallet and journals */
export function nodePlatform(home: string, options: NodeOutputsOptions): Pick<Buyer, 'home' | 'outputs'> {
  return { home: nodeHome(home), outputs: nodeOutputs(options) };
}
