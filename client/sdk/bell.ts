/** Wakes whoever waits. */
export function bell(): { ring(): void; next(): Promise<void> } {
  let ring: () => void = () => undefined;
  let next = new Promise<void>((resolve) => {
    ring = resolve;
  });
  return {
    ring() {
      ring();
      next = new Promise<void>((resolve) => {
        ring = resolve;
      });
    },
    next: () => next,
  };
}
