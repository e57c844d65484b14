import { encode } from 'uqr';
import type { Terminal } from './terminal.ts';

/** White modules around the code: the standard wants four, readers take two, and terminals are small. */
const BORDER = 2;

/**
 * A QR code in half blocks, two modules a character; empty where there is no terminal or it is too narrow. With colours,
 * black and white are what they say; without, the terminal is taken for a dark one.
 */
export function qrCode(text: string, { isTerminal, hasColour, columns }: Omit<Terminal, 'write'>): string {
  const { size, data } = encode(text, { ecc: 'L', border: BORDER });
  if (!isTerminal || size > columns) return '';
  const isWhite = (row: number, column: number) => data[row]?.[column] !== true;
  let lines = '';
  for (let row = 0; row < size; row += 2) {
    const line = Array.from({ length: size }, (_, column) => {
      const [upper, lower] = [isWhite(row, column), row + 1 < size && isWhite(row + 1, column)];
      return upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
    }).join('');
    lines += hasColour ? `\u001b[97;40m${line}\u001b[0m\n` : `${line}\n`;
  }
  return lines;
}
