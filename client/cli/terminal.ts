/** Where a person reads: bars, colours and codes are for a terminal, plain lines for everything else. */
export interface Terminal {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly hasColour: boolean;
  /** Characters in a line. */
  readonly columns: number;
}

interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** How wide a terminal is that does not say. */
const COLUMNS = 80;

/**
 * @param environment NO_COLOR takes colours away (no-color.org), FORCE_COLOR brings them where there is no terminal; the first
 * wins
 */
export function terminalOf(
  stream: Stream,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Terminal {
  const isTerminal = stream.isTTY === true;
  const forced = environment.FORCE_COLOR !== undefined && environment.FORCE_COLOR !== '0';
  const hasColour =
    !environment.NO_COLOR &&
    (forced || (isTerminal && environment.FORCE_COLOR !== '0' && environment.TERM !== 'dumb'));
  return {
    write: (text) => void stream.write(text),
    isTerminal,
    hasColour,
    columns: stream.columns ?? COLUMNS,
  };
}

/** SGR parameters (ECMA-48). */
const COLOURS = { bold: 1, red: 31, green: 32, yellow: 33 } as const;

export function paint(
  { hasColour }: Pick<Terminal, 'hasColour'>,
  colour: keyof typeof COLOURS,
  text: string,
): string {
  return hasColour ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
}
