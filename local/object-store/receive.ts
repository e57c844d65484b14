import { openDraft } from './files.ts';

/** Writes a body to a draft file, durable when it returns; a body that fails leaves nothing behind. */
export async function receive<Verdict>(
  drafts: string,
  body: AsyncGenerator<Uint8Array, Verdict>,
): Promise<Verdict & { readonly path: string }> {
  const draft = await openDraft(drafts);
  try {
    let next = await body.next();
    for (; next.done !== true; next = await body.next()) await draft.append(next.value);
    await draft.finish();
    return { ...next.value, path: draft.path };
  } catch (error) {
    await draft.discard();
    throw error;
  }
}
