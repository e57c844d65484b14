import {
  canonicalRequest,
  chunkSignature,
  type Scope,
  type SignedMessage,
  sha256Hex,
  sign,
  signingKey,
  stringToSign,
  trailerSignature,
  uriEncode,
} from '../../../../local/object-store/signature.ts';

/**
 * The worked examples of the Amazon S3 API reference: "Authenticating Requests: Using the Authorization Header",
 * "Using Query Parameters", "Transferring payload in multiple chunks" and "Including trailing headers".
 */
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const SCOPE: Scope = { date: '20130524', region: 'us-east-1', service: 's3' };
const TIMESTAMP = '20130524T000000Z';
const EMPTY = sha256Hex('');
const HOST = ['host', 'examplebucket.s3.amazonaws.com'] as const;
const DATE = ['x-amz-date', TIMESTAMP] as const;
const KEY = signingKey(SECRET, SCOPE);

const get: SignedMessage = {
  method: 'GET',
  path: '/',
  query: [],
  headers: [HOST, ['x-amz-content-sha256', EMPTY], DATE],
  payloadHash: EMPTY,
};
const presignedQuery = [
  ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
  ['X-Amz-Credential', 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'],
  ['X-Amz-Date', TIMESTAMP],
  ['X-Amz-Expires', '86400'],
  ['X-Amz-SignedHeaders', 'host'],
] as const;
const PUT_HASH = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072';

const examples: readonly (readonly [string, SignedMessage, string])[] = [
  [
    'presigned GET of test.txt',
    { ...get, path: '/test.txt', query: presignedQuery, headers: [HOST], payloadHash: 'UNSIGNED-PAYLOAD' },
    'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  ],
  [
    'GET with a Range',
    {
      ...get,
      path: '/test.txt',
      headers: [HOST, ['range', 'bytes=0-9'], ['x-amz-content-sha256', EMPTY], DATE],
    },
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'PUT of test$file.text',
    {
      ...get,
      method: 'PUT',
      path: '/test$file.text',
      headers: [
        ['date', 'Fri, 24 May 2013 00:00:00 GMT'],
        HOST,
        ['x-amz-content-sha256', PUT_HASH],
        DATE,
        ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ],
      payloadHash: PUT_HASH,
    },
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  [
    'GET of the lifecycle',
    { ...get, query: [['lifecycle', '']] },
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ],
  [
    'GET of a listing',
    {
      ...get,
      query: [
        ['prefix', 'J'],
        ['max-keys', '2'],
      ],
    },
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
];

test.each(examples)("AWS's example: %s", (_, message, signature) => {
  expect(sign(KEY, stringToSign(TIMESTAMP, SCOPE, canonicalRequest(message)))).toBe(signature);
});

test("AWS's example of a body in signed chunks", () => {
  const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
  const signer = { key: KEY, timestamp: TIMESTAMP, scope: SCOPE, seed };
  const first = chunkSignature(signer, seed, sha256Hex('a'.repeat(65_536)));
  const second = chunkSignature(signer, first, sha256Hex('a'.repeat(1_024)));
  expect([first, second, chunkSignature(signer, second, EMPTY)]).toEqual([
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ]);
});

test("AWS's example of a body in signed chunks with a trailer", () => {
  const seed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';
  const signer = { key: KEY, timestamp: TIMESTAMP, scope: SCOPE, seed };
  const first = chunkSignature(signer, seed, sha256Hex('a'.repeat(65_536)));
  const second = chunkSignature(signer, first, sha256Hex('a'.repeat(1_024)));
  const last = chunkSignature(signer, second, EMPTY);
  expect([first, second, last, trailerSignature(signer, last, 'x-amz-checksum-crc32c:sOO8/Q==\n')]).toEqual([
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
  ]);
});

test('everything but the unreserved characters is encoded, in upper case', () => {
  expect(uriEncode("aZ09-._~ /+*'()!é")).toBe('aZ09-._~%20%2F%2B%2A%27%28%29%21%C3%A9');
});
