import { type ChunkedOptions, decodeChunked } from '../../../../local/object-store/chunked-body.ts';
import {
  type ChunkSigner,
  chunkSignature,
  sha256Hex,
  signingKey,
  trailerSignature,
} from '../../../../local/object-store/signature.ts';

const SCOPE = { date: '20130524', region: 'us-east-1', service: 's3' };
const signer: ChunkSigner = {
  key: signingKey('secret', SCOPE),
  timestamp: '20130524T000000Z',
  scope: SCOPE,
  seed: '0'.repeat(64),
};
const UNSIGNED: ChunkedOptions = { trailer: true };

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < text.length; i += size) yield Buffer.from(text.slice(i, i + size), 'latin1');
}

async function decode(text: string, options: ChunkedOptions, size = 1_000) {
  const content = decodeChunked(inPieces(text, size), options);
  let data = '';
  for (;;) {
    const next = await content.next();
    if (next.done) return { data, trailers: Object.fromEntries(next.value) };
    data += Buffer.from(next.value).toString('latin1');
  }
}

function signedBody(pieces: readonly string[], trailer?: string): string {
  let previous = signer.seed;
  let text = '';
  for (const piece of [...pieces, '']) {
    previous = chunkSignature(signer, previous, sha256Hex(piece));
    text += `${piece.length.toString(16)};chunk-signature=${previous}\r\n${piece}${piece === '' ? '' : '\r\n'}`;
  }
  if (trailer === undefined) return `${text}\r\n`;
  const signature = trailerSignature(signer, previous, `${trailer}\n`);
  return `${text}${trailer}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`;
}

const PLAIN = '5\r\nhello\r\nB\r\n wide world\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n';

test.each([1, 2, 3, 7, 1_000])(
  'framing is taken off however the bytes arrive, %d at a time',
  async (size) => {
    expect(await decode(PLAIN, UNSIGNED, size)).toEqual({
      data: 'hello wide world',
      trailers: { 'x-amz-checksum-crc32': 'AAAAAA==' },
    });
    const signed = signedBody(['hello', ' wide world'], 'x-amz-checksum-crc32:AAAAAA==');
    expect(await decode(signed, { trailer: true, signer }, size)).toEqual({
      data: 'hello wide world',
      trailers: { 'x-amz-checksum-crc32': 'AAAAAA==' },
    });
  },
);

test('data that looks like framing stays data', async () => {
  expect((await decode('7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n', UNSIGNED)).data).toBe('0\r\n\r\n\r\n');
});

test.each([
  ['ends within a chunk', '5\r\nhel'],
  ['ends before the last chunk', '5\r\nhello\r\n'],
  ['has a length that is no number', 'five\r\nhello\r\n0\r\n\r\n'],
  ['has a chunk longer than its length', '4\r\nhello\r\n0\r\n\r\n'],
  ['has bare line feeds', '5\nhello\n0\n\n'],
  ['goes on after its end', '5\r\nhello\r\n0\r\n\r\nmore'],
  ['carries signatures nobody announced', signedBody(['hello'])],
  ['has an endless first line', '1'.repeat(5_000)],
])('a body that %s is IncompleteBody', async (_, text) => {
  await expect(decode(text, UNSIGNED)).rejects.toMatchObject({ code: 'IncompleteBody' });
});

test.each([
  ['has no colon', '0\r\nnonsense\r\n\r\n', UNSIGNED],
  ['is twice the same', '0\r\na:1\r\nA:2\r\n\r\n', UNSIGNED],
  ['was not announced', '0\r\na:1\r\n\r\n', { trailer: false }],
])('a trailer that %s is MalformedTrailerError', async (_, text, options) => {
  await expect(decode(text, options)).rejects.toMatchObject({ code: 'MalformedTrailerError' });
});

const signedText = signedBody(['hello', ' wide world'], 'x-amz-checksum-crc32:AAAAAA==');
test.each([
  ['a changed byte', signedText.replace('hello', 'jello')],
  ['a changed trailer', signedText.replace('AAAAAA==', 'AAAAAQ==')],
  ['a trailer without signature', signedText.replace(/x-amz-trailer-signature.*\r\n\r\n/, '\r\n')],
  ['a changed chunk signature', signedText.replace(/signature=./, 'signature=f')],
])('%s breaks the signatures', async (_, text) => {
  expect(text).not.toBe(signedText);
  await expect(decode(text, { trailer: true, signer })).rejects.toMatchObject({
    code: 'SignatureDoesNotMatch',
  });
});

test('chunks cannot be left out or swapped', async () => {
  const [first, second, rest] = signedBody(['hello', 'world']).split(/(?=5;)|(?=0;)/);
  for (const text of [`${first}${rest}`, `${second}${first}${rest}`])
    await expect(decode(text, { trailer: false, signer })).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
});
