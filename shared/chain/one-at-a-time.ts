/** Work that has to wait for its turn: each begins when the one before it has ended, well or not. */
export type InTurn = <Answer>(work: () => Promise<Answer>) => Promise<Answer>;

export function oneAtATime(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
