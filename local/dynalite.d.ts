declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface Options {
    /** Where the data is kept; in memory without it. */
    readonly path?: string;
    /** How long a table stays CREATING, milliseconds. */
    readonly createTableMs?: number;
  }
  export default function dynalite(options?: Options): Server;
}
