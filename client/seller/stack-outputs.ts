import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { SellerError } from './seller-error.ts';

/** What the seller's commands need of a deployed stack: outputs that `infra/shop-stack.ts` has by these names. */
export const STACK_OUTPUTS = [
  'Region',
  'Network',
  'TableName',
  'BucketName',
  'SellerKeyVariable',
  'PayoutAddress',
  'Policy',
  'Storefront',
] as const;
export type StackOutputs = Readonly<Record<(typeof STACK_OUTPUTS)[number], string>>;

/** CloudFormation has at most 200 outputs a stack, of at most 255 and 1,024 characters; nobody deploys more stacks at once. */
const MAX_STACKS = 100;
const MAX_OUTPUTS = 200;
const name = v.pipe(v.string(), v.maxLength(255));
const fileSchema = v.pipe(
  v.record(
    name,
    v.pipe(
      v.record(name, v.pipe(v.string(), v.maxLength(1024))),
      v.check((outputs) => Object.keys(outputs).length <= MAX_OUTPUTS),
    ),
  ),
  v.check((stacks) => Object.keys(stacks).length <= MAX_STACKS),
);

const AGAIN = 'Give the file that `npx cdk deploy --outputs-file shop.json` wrote for the stack.';

/**
 * Reads the file that `cdk deploy --outputs-file` writes.
 * @throws SellerError usage where it is no such file, holds several stacks, or lacks an output; its values are never shown
 */
export async function readStackOutputs(path: string): Promise<StackOutputs> {
  const stacks = v.safeParse(fileSchema, parseJson(await readFile(path, 'utf8')));
  if (!stacks.success) throw new SellerError('usage', `${path} is not a file of stack outputs.`, AGAIN);
  const [stack, ...others] = Object.entries(stacks.output);
  if (!stack) throw new SellerError('usage', `${path} holds no stack.`, AGAIN);
  if (others.length > 0) {
    const names = Object.keys(stacks.output).join(', ');
    const next = 'Deploy the shop’s stack alone with --outputs-file, or remove the others from the file.';
    throw new SellerError('usage', `${path} holds several stacks: ${names}.`, next);
  }
  const [stackName, outputs] = stack;
  const missing = STACK_OUTPUTS.find((output) => outputs[output] === undefined);
  if (missing !== undefined) {
    const next = 'Deploy it again with this version and --outputs-file; or it is the file of another stack.';
    throw new SellerError('usage', `The stack ${stackName} in ${path} has no output ${missing}.`, next);
  }
  const wanted = STACK_OUTPUTS.map((output) => [output, outputs[output] ?? '']);
  return Object.fromEntries(wanted);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
