import type { JsonValue } from './errors.ts';

/** One structured line per decision. Fields name channels, heights and satoshis; never a secret, a request signature or a link. */
export type Log = (event: string, fields: Readonly<Record<string, JsonValue>>) => void;

/**
 * An object, not its text: Lambda's JSON logs then hold it as one under `message`, where CloudWatch can ask for its fields
 * (https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html).
 */
export const consoleLog: Log = (event, fields) => console.log({ event, ...fields });
