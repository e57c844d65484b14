/** Where a process dies: at which of its durable steps, and on which side of it. */
export interface Death {
  /** The first step is 1. */
  readonly step: number;
  /** `within`: of what is written, half is. */
  readonly when: 'before' | 'within' | 'after';
}

/** A process that counts its durable steps, and dies at one of them: from there on nothing of it happens any more. */
export interface Mortal {
  /** What was done so far, and what it was about to do when it died. */
  readonly steps: readonly string[];
  readonly isDead: () => boolean;
  readonly died: Promise<void>;
  /** Something that outlives the process. */
  step<T>(what: string, effect: () => Promise<T>, half?: () => Promise<unknown>): Promise<T>;
  /** Anything else that goes out of the process, or comes into it. */
  alive<T>(effect: () => Promise<T>): Promise<T>;
}

/** @param death none for a process that lives to its end */
export function mortal(death?: Death): Mortal {
  const steps: string[] = [];
  let dead = false;
  let tell: () => void = () => undefined;
  const died = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const die = <T>(): Promise<T> => {
    dead = true;
    tell();
    return silence();
  };
  return {
    steps,
    isDead: () => dead,
    died,
    async step(what, effect, half) {
      if (dead) return silence();
      steps.push(what);
      const isLast = steps.length === death?.step;
      if (isLast && death.when === 'before') return die();
      if (isLast && death.when === 'within') {
        await half?.();
        return die();
      }
      const result = await settled(effect);
      if (dead) return silence();
      return isLast ? die() : result();
    },
    async alive(effect) {
      if (dead) return silence();
      const result = await settled(effect);
      return dead ? silence() : result();
    },
  };
}

/** What a killed process says: it does not even unwind. */
function silence<T>(): Promise<T> {
  return new Promise(() => undefined);
}

async function settled<T>(effect: () => Promise<T>): Promise<() => T> {
  try {
    const value = await effect();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
