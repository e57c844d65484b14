declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** Makes a DynamoDB server that is not listening yet. Without a path it keeps its data in memory. */
  export default function dynalite(options?: { path?: string; createTableMs?: number }): Server;
}
