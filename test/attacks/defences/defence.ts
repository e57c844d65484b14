/** A text of a source, which is there once, and what stands in its place while the defence is away. */
export interface Change {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A defence, and the test that must fail without it. */
export interface Defence extends Change {
  /** As the threat model's row has it. */
  readonly attack: string;
  /** A file of test/attacks, without its ending. */
  readonly suite: string;
  /** A part of the test's name; where it fits several, one of them must fail. */
  readonly test: string;
  /** Further layers that would hold by themselves, taken away with it. */
  readonly also?: readonly Change[];
}

/** All that is changed to take a defence away. */
export function changesOf({ file, find, replace, also = [] }: Defence): readonly Change[] {
  return [{ file, find, replace }, ...also];
}

/** How often a source has the text: once, or the list is out of date. */
export function timesIn(source: string, { find }: Change): number {
  return source.split(find).length - 1;
}
