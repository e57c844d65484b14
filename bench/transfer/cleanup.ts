/** Registers what must be undone; the last comes first. */
export type Defer = (undo: () => Promise<void>) => void;

/** Runs a task and then undoes what it set up, also where it fails or the benchmark is told to end. */
export async function withCleanup<T>(task: (defer: Defer) => Promise<T>): Promise<T> {
  const undos: (() => Promise<void>)[] = [];
  const undoAll = async () => {
    for (let undo = undos.pop(); undo; undo = undos.pop()) {
      await undo().catch((error: unknown) => console.error(error));
    }
  };
  const interrupt = () => void undoAll().then(() => process.exit(130));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await task((undo) => undos.push(undo));
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await undoAll();
  }
}
