/** Seeded draws, so that every run of a simulation is the same. Not for keys. */
export interface Random {
  /** 0 ≤ x < 1 */
  uniform(): number;
  /** Mean 0, deviation 1. */
  normal(): number;
  exponential(mean: number): number;
  logNormal(median: number, deviation: number): number;
}

/** A generator for each part of a model (`stream`), so that more draws in one change nothing in another. */
export function random(seed: number, stream: number): Random {
  const uniform = generator(seed, stream);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    normal,
    exponential: (mean) => -mean * Math.log(1 - uniform()),
    logNormal: (median, deviation) => median * Math.exp(deviation * normal()),
  };
}

/** sfc32 (Doty-Humphrey's small fast counting generator, PractRand), 12 rounds to spread the seed. */
function generator(seed: number, stream: number): () => number {
  let [a, b, c, counter] = [seed | 0, stream | 0, 0x9e3779b9 | 0, 1];
  const next = (): number => {
    const mixed = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + mixed;
    return (mixed >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}
