/**
 * Does something for 0 to `count` − 1, in order of their beginnings, at most `width` at a time. After a failure nothing
 * more is begun, and what was begun is waited for, so that nobody works on behind the caller's back.
 * @throws whatever the first failure threw
 */
export async function inParallel(
  count: number,
  width: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async () => {
    while (next < count && !failure) {
      const index = next++;
      try {
        await work(index);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
  if (failure) throw failure.error;
}
