import { alignedText } from '../../../../client/cli/aligned-text.ts';

test('columns are as wide as their longest text, and no line ends in blanks', () => {
  const rows = [
    ['NAME', 'PRICE', 'ID'],
    ['weather', '5', 'ab'],
    ['x', '1000000', ''],
  ];
  expect(alignedText(rows)).toBe('NAME     PRICE    ID\nweather  5        ab\nx        1000000\n');
});
