/** The best-paying first: a binary heap by rate. */
export interface RateHeap<Item> {
  push(rate: number, item: Item): void;
  /** The item of the highest rate, if that is at least `rate`. */
  popFrom(rate: number): Item | undefined;
}

export function rateHeap<Item>(): RateHeap<Item> {
  const entries: { readonly rate: number; readonly item: Item }[] = [];
  const rateAt = (index: number): number => entries[index]?.rate ?? -1;
  const swap = (left: number, right: number): void => {
    const [first, second] = [entries[left], entries[right]];
    if (first && second) [entries[left], entries[right]] = [second, first];
  };
  return {
    push(rate, item) {
      entries.push({ rate, item });
      for (let index = entries.length - 1; index > 0; ) {
        const parent = (index - 1) >> 1;
        if (rateAt(parent) >= rateAt(index)) return;
        swap(parent, index);
        index = parent;
      }
    },
    popFrom(rate) {
      if (rateAt(0) < rate) return undefined;
      swap(0, entries.length - 1);
      const top = entries.pop();
      for (let index = 0; ; ) {
        const [left, right] = [2 * index + 1, 2 * index + 2];
        const child = rateAt(right) > rateAt(left) ? right : left;
        if (rateAt(child) <= rateAt(index)) return top?.item;
        swap(index, child);
        index = child;
      }
    },
  };
}
