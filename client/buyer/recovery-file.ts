import { utf8ToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { BuyerError } from './errors.ts';
import type { Home } from './home.ts';
import { recordLine } from './journal.ts';

/**
 * All that brings money back, in one file: the wallet's words, and of every purchase the terms, the seller's signatures and the
 * manifest. It is as good as the money: whoever has it can take that. The command line and browsers read each other's.
 */
const recoverySchema = v.strictObject({
  format: v.literal('spillway-recovery/1'),
  /** Texts by the names that a home keeps them under. */
  kept: v.record(v.pipe(v.string(), v.regex(recoverableName())), v.string()),
});

function recoverableName(): RegExp {
  return /^(wallet-[a-z0-9]{1,20}\.jsonl?|purchases\/[0-9a-f]{32}\.(jsonl|manifest\.json))$/;
}

export async function recoveryFile(home: Home): Promise<Uint8Array> {
  const kept: Record<string, string> = {};
  for (const name of (await home.names()).filter((each) => recoverableName().test(each)).sort()) {
    const bytes = await home.read(name);
    if (bytes) kept[name] = new TextDecoder().decode(bytes);
  }
  return utf8ToBytes(`${JSON.stringify({ format: 'spillway-recovery/1', kept })}\n`);
}

/**
 * Puts what a recovery file holds into a home. What the home has already stays where it knows more; nothing that differs is
 * written over.
 * @returns the purchases that were not there, or knew less
 * @throws BuyerError usage where the file is none, or is of another wallet than the home's; locked where a purchase is under way
 */
export async function restoreRecoveryFile(home: Home, bytes: Uint8Array): Promise<readonly string[]> {
  const { kept } = parse(bytes);
  const restored: string[] = [];
  const locks: (() => Promise<void>)[] = [];
  try {
    const wanted: [name: string, text: string][] = [];
    for (const [name, text] of Object.entries(kept)) {
      const purchase = /^purchases\/([0-9a-f]{32})\.jsonl$/.exec(name)?.[1];
      locks.push(await home.lock(purchase === undefined ? `${name}.lock` : `purchases/${purchase}.lock`));
      const there = await home.read(name);
      if (!isNews(name, text, there && new TextDecoder().decode(there))) continue;
      if (purchase !== undefined) restored.push(purchase);
      wanted.push([
        name,
        purchase === undefined ? text : `${text}${recordLine({ v: 1, record: 'restored' })}\n`,
      ]);
    }
    // All of it was looked at before anything is changed.
    for (const [name, text] of wanted) await home.write(name, utf8ToBytes(text));
    return restored;
  } finally {
    for (const release of locks) await release();
  }
}

function isNews(name: string, text: string, there: string | undefined): boolean {
  if (there === undefined) return true;
  if (there.startsWith(text)) return false;
  if (name.endsWith('.jsonl') && text.startsWith(there)) return true;
  throw new BuyerError('usage', `The recovery file and what is here differ in ${name}.`, {
    next: 'Restore it where nothing is yet: another folder for the wallet, or another browser profile.',
  });
}

function parse(bytes: Uint8Array): v.InferOutput<typeof recoverySchema> {
  const text = new TextDecoder().decode(bytes);
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), recoverySchema), text);
  if (result.success) return result.output;
  throw new BuyerError('usage', 'This is no recovery file.', {
    next: 'Choose the file that was saved before paying.',
  });
}
