import { killChildren } from './children.ts';

/** Registers what must be undone; the last comes first. */
export type Defer = (undo: () => Promise<void>) => void;

/** Runs a task, then ends every program that is left of it and undoes what it set up, also where it fails or the benchmark is told to end. */
export async function withCleanup<T>(task: (defer: Defer) => Promise<T>): Promise<T> {
  const { defer, undoAll } = undoList();
  const end = () => killChildren().then(undoAll);
  const interrupt = () => void end().then(() => process.exit(130));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await task(defer);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await end();
  }
}

/** The same for a part of a task, whose end undoes it if nothing else did before. */
export async function withinCleanup<T>(outer: Defer, task: (defer: Defer) => Promise<T>): Promise<T> {
  const { defer, undoAll } = undoList();
  outer(undoAll);
  try {
    return await task(defer);
  } finally {
    await undoAll();
  }
}

function undoList(): { readonly defer: Defer; undoAll(): Promise<void> } {
  const undos: (() => Promise<void>)[] = [];
  let undone: Promise<void> = Promise.resolve();
  const undoRest = async () => {
    for (let undo = undos.pop(); undo; undo = undos.pop()) {
      await undo().catch((error: unknown) => console.error(error));
    }
  };
  return {
    defer: (undo) => void undos.push(undo),
    // Whoever calls it second waits for what the first has begun.
    undoAll() {
      undone = undone.then(undoRest);
      return undone;
    },
  };
}
