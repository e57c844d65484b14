import { paint, terminalOf } from '../../../../client/cli/terminal.ts';

const stream = (isTTY: boolean) => ({ isTTY, columns: 100, write: () => true });

test.each<[boolean, Record<string, string>, boolean]>([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [false, { FORCE_COLOR: '1' }, true],
  [true, { FORCE_COLOR: '0' }, false],
  [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  [true, { TERM: 'dumb' }, false],
])('terminal %s, %j: colours %s', (isTTY, environment, hasColour) => {
  const terminal = terminalOf(stream(isTTY), environment);
  expect(terminal).toMatchObject({ isTerminal: isTTY, hasColour, columns: 100 });
  expect(paint(terminal, 'red', 'x')).toBe(hasColour ? '\u001b[31mx\u001b[0m' : 'x');
});
