/** Tells the next sentence of the demo's story. */
export type Tell = (sentence: string) => void;

/** Sentences with the time they were told at; with --json they go to stderr, so that the last line stands alone. */
export function storyTeller(toStderr: boolean): Tell {
  const began = performance.now();
  const stream = toStderr ? process.stderr : process.stdout;
  return (sentence) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(5);
    stream.write(`${seconds} s  ${sentence}\n`);
  };
}
