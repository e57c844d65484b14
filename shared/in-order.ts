/**
 * Prepares work for 0 to `count` − 1 one after another, and does at most `width` of it at a time, in the order of their
 * beginnings. After a failure nothing more is begun, and what was begun is waited for, so that nobody works on behind the
 * caller's back.
 * @param prepare answers the work, or undefined where there is no more
 * @throws whatever the first failure threw
 */
export async function inOrder(
  count: number,
  width: number,
  prepare: (index: number) => Promise<(() => Promise<void>) | undefined>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const begin = (work: () => Promise<void>) => {
    const done: Promise<void> = work()
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => running.delete(done));
    running.add(done);
  };
  try {
    for (let index = 0; index < count; index++) {
      if (running.size >= width) await Promise.race(running);
      if (failure) break;
      const work = await prepare(index);
      if (!work) break;
      begin(work);
    }
  } catch (error) {
    failure ??= { error };
  }
  await Promise.all(running);
  if (failure) throw failure.error;
}
