import { readFileSync } from 'node:fs';
import { openApiDocument } from '../../../scripts/openapi.ts';

test('docs/openapi.json is what the routes say: run npm run openapi', () => {
  const written = JSON.parse(readFileSync('docs/openapi.json', 'utf8'));
  expect(written).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

test('satoshis are described as the strings they are on the wire', () => {
  const text = JSON.stringify(openApiDocument());
  expect(text).toContain('"pricePerChunk":{"type":"string","pattern":"^(0|[1-9][0-9]{0,15})$"}');
});
