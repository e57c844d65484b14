import type { ConsoleReport } from '../console-calls.ts';
import type { Publishing } from '../publishing-desk.ts';

/** As JSON has it: money is text. */
export type AsJson<T> = T extends bigint
  ? string
  : T extends object
    ? { readonly [K in keyof T]: AsJson<T[K]> }
    : T;

export type Report = AsJson<ConsoleReport>;
export type Publication = AsJson<Publishing>;

/** What a call did not do, in words for the seller. */
export class CallFailed extends Error {
  constructor(message: string, next: string) {
    super(next === '' ? message : `${message} ${next}`);
  }
}

const KEPT_KEY = 'spillway-console-key';

/**
 * Exchanges the token of the address for the session's key, which this tab keeps; the token goes out of the address, so that
 * neither history nor a look over the shoulder has it.
 */
export async function openSession(): Promise<void> {
  const token = location.hash.slice(1);
  if (token === '') return;
  history.replaceState(undefined, '', '/');
  const { key } = await send<{ key: string }>('session', { token });
  sessionStorage.setItem(KEPT_KEY, key);
}

/** @param body sent where there is one; without, the call only asks */
export async function send<Answer>(name: string, body?: object): Promise<Answer> {
  const key = sessionStorage.getItem(KEPT_KEY);
  const response = await fetch(`/api/${name}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new CallFailed('The command that serves this page has ended.', 'Start it again.');
  });
  const document = await response.json();
  if (response.ok) return document;
  throw new CallFailed(document.error.message, document.error.next ?? '');
}
