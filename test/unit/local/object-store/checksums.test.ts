import {
  base64,
  type ChecksumAlgorithm,
  checkChecksumForm,
  compositeDigest,
  startDigest,
} from '../../../../local/object-store/checksums.ts';

const digestOf = (algorithm: ChecksumAlgorithm, ...pieces: string[]): string => {
  const digest = startDigest(algorithm);
  for (const piece of pieces) digest.update(Buffer.from(piece));
  return Buffer.from(digest.digest()).toString('hex');
};

/** Check values of the "123456789" message: catalogue of parametrised CRC algorithms (reveng), FIPS 180 for the hashes. */
test.each<[ChecksumAlgorithm, string]>([
  ['CRC32', 'cbf43926'],
  ['CRC32C', 'e3069283'],
  ['CRC64NVME', 'ae8b14860a799888'],
  ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  ['SHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
])('%s of the check message, whole and in pieces', (algorithm, expected) => {
  expect(digestOf(algorithm, '123456789')).toBe(expected);
  expect(digestOf(algorithm, '12', '', '3456789')).toBe(expected);
});

/** Three parts whose hashes and composite were answered by real S3 in eu-west-1 (floci-io/floci#3083). */
test('the composite SHA-256 is the one real S3 computed', () => {
  const parts = [
    'lcKa6Boe7a167tUCN5C4OaFygGSYD8MBnBARTrdL+1w=',
    'gHjhbUT4oo2tSCtSZJdlKi+jeNXJT+VImqdPXsXvkOc=',
    '4l9PQ3zOPZ0oGFvknFX+J4zZwE4WMzO+l3r8XrbWOeM=',
  ];
  expect(compositeDigest('SHA256', parts)).toBe('rVWtNbadtsaKXJAcgWPWjifHzJaXde/iV4jaJAOdivc=');
});

test.each(['', 'AAAA', 'not base64!', `${base64(new Uint8Array(32))}=`])('%j is no SHA-256', (value) => {
  expect(() => checkChecksumForm('SHA256', value)).toThrow(
    'Value for x-amz-checksum-sha256 header is invalid.',
  );
});
