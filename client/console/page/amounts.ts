const SEPARATED = new Intl.NumberFormat('en');

/** @param satoshis an integer as text: more than a number holds */
export function satoshis(satoshis: string): string {
  return `${SEPARATED.format(BigInt(satoshis))} sat`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${SEPARATED.format(number)} ${number === 1 ? one : many}`;
}

/** `3 minutes ago`. */
export function ago(seconds: number): string {
  if (seconds < 60) return `${count(seconds, 'second')} ago`;
  if (seconds < 3_600) return `${count(Math.floor(seconds / 60), 'minute')} ago`;
  if (seconds < 86_400) return `${count(Math.floor(seconds / 3_600), 'hour')} ago`;
  return `${count(Math.floor(seconds / 86_400), 'day')} ago`;
}

/** The beginning of an id or a txid, where people read it. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
