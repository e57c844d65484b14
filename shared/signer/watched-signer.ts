import type { Log } from '../log.ts';
import type { Signer } from './signer.ts';

/** Tells of each failure of the key: without it nothing is co-signed and nothing settled. */
export function watchedSigner(signer: Signer, log: Log): Signer {
  async function watched<Answer>(asked: keyof Signer, answer: () => Promise<Answer>): Promise<Answer> {
    try {
      return await answer();
    } catch (error) {
      log('signing-failed', { alarm: true, asked, reason: String(error) });
      throw error;
    }
  }
  return {
    publicKey: () => watched('publicKey', () => signer.publicKey()),
    sign: (digest) => watched('sign', () => signer.sign(digest)),
  };
}
