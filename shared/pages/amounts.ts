/** Sizes and money as people read them. */

const UNITS = ['TiB', 'GiB', 'MiB', 'KiB'] as const;

/** Bytes: `8 MiB`, `95.4 MiB`, `512 B`. */
export function sizeText(bytes: number): string {
  for (const [index, unit] of UNITS.entries()) {
    const size = 1024 ** (UNITS.length - index);
    if (bytes >= size) return `${Number((bytes / size).toFixed(1))} ${unit}`;
  }
  return `${bytes} B`;
}

/** Digits in groups of three, kept on one line: `1 234 567`. */
export function groupedText(amount: bigint | number): string {
  return amount.toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

export function satoshisText(satoshis: bigint): string {
  return `${groupedText(satoshis)} sat`;
}

const SATOSHIS_PER_BITCOIN = 100_000_000n;

/** `0.0008` of 80,000 satoshis: exact, for machines. */
export function bitcoinText(satoshis: bigint): string {
  const fraction = (satoshis % SATOSHIS_PER_BITCOIN).toString().padStart(8, '0').replace(/0+$/, '');
  return `${satoshis / SATOSHIS_PER_BITCOIN}${fraction === '' ? '' : `.${fraction}`}`;
}

/** `1 file`, `12 files`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${groupedText(count)} ${count === 1 ? one : many}`;
}
