import type { JsonValue } from './errors.ts';

/** One structured line per decision. Fields name channels, heights and satoshis; never a secret, a request signature or a link. */
export type Log = (event: string, fields: Readonly<Record<string, JsonValue>>) => void;
