/** Runs a task again and again, with a pause between the end of one run and the start of the next. */
export interface Timer {
  stop(): Promise<void>;
}

/** @param pause milliseconds */
export function startTimer(pause: number, task: () => Promise<unknown>): Timer {
  let stopped = false;
  let timeout: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const schedule = () => {
    if (!stopped) timeout = setTimeout(run, pause);
  };
  const run = () => {
    running = task()
      .then(
        () => undefined,
        (error) => console.error(error),
      )
      .finally(schedule);
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timeout);
      await running;
    },
  };
}
