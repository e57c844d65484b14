import { parseRange } from '../../../../local/object-store/ranges.ts';
import { parseCompletion, xmlDocument } from '../../../../local/object-store/xml.ts';

test.each([
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=5-', { start: 5, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-30', { start: 0, end: 9 }],
  ['bytes=8-100', { start: 8, end: 9 }],
])('%s of ten bytes', (header, range) => {
  expect(parseRange(header, 10)).toEqual(range);
});

test.each([undefined, 'bytes=', 'bytes=-', 'bytes=5-4', 'bytes=0-1,3-4', 'items=0-1', 'bytes=x-1'])(
  '%s means the whole object',
  (header) => {
    expect(parseRange(header, 10)).toBeUndefined();
  },
);

test.each([
  ['bytes=10-', 10],
  ['bytes=-0', 10],
  ['bytes=0-', 0],
])('%s of %d bytes does not exist', (header, size) => {
  expect(() => parseRange(header, size)).toThrow('The requested range is not satisfiable');
});

const PART =
  '<Part><PartNumber>1</PartNumber><ETag>&quot;abc&quot;</ETag><ChecksumSHA256>x=</ChecksumSHA256></Part>';
const wrap = (inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</CompleteMultipartUpload>`;

test('a completion is read', () => {
  expect(parseCompletion(wrap(`\n ${PART}\n`))).toEqual([
    { partNumber: 1, etag: 'abc', checksums: new Map([['ChecksumSHA256', 'x=']]) },
  ]);
});

test.each([
  '',
  wrap(''),
  wrap(`${PART}rubbish`),
  wrap('<Part><PartNumber>1</PartNumber></Part>'),
  wrap('<Part><PartNumber>01</PartNumber><ETag>a</ETag></Part>'),
  wrap('<Part><PartNumber>1</PartNumber><ETag>a</ETag><ETag>b</ETag></Part>'),
  wrap('<Part><PartNumber>1</PartNumber><ETag>a</ETag><Other>b</Other></Part>'),
  wrap('<Part><PartNumber>1</PartNumber><ETag>&evil;</ETag></Part>'),
  wrap('<Part><PartNumber>1</PartNumber><ETag><b>a</b></ETag></Part>'),
  `<!DOCTYPE a [<!ENTITY evil "a">]>${wrap(PART)}`,
  wrap(PART).replace('</CompleteMultipartUpload>', ''),
])('malformed completion %#', (text) => {
  expect(() => parseCompletion(text)).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
});

test('text is escaped, and what XML cannot carry is replaced', () => {
  expect(
    xmlDocument('A', [
      ['B', '<a>&"\u0001\r'],
      ['C', undefined],
      ['D', [['E', 1]]],
    ]),
  ).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<A xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><B>&lt;a&gt;&amp;&quot;\uFFFD&#13;</B><D><E>1</E></D></A>',
  );
});
