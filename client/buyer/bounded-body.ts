import { BuyerError } from './errors.ts';

/**
 * Reads an answer's body, whatever it claims about its length.
 * @throws BuyerError shop-dishonest where it is longer than `limit` bytes
 */
export async function readBounded(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (response.body) {
    for await (const part of response.body as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > limit) {
        throw new BuyerError('shop-dishonest', `An answer is longer than ${limit} bytes.`);
      }
      parts.push(part);
    }
  }
  return Buffer.concat(parts, length);
}
