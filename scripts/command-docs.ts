import { type CommandDefinition, leavesOf, type OptionDefinition } from '../client/cli/command-tree.ts';
import { EXIT_CODES } from '../client/cli/exit-codes.ts';

const ENVIRONMENT = [
  ['SPILLWAY_HOME', "where the buyer's wallet and journals are, like --home"],
  ['SPILLWAY_CHAIN_URL', "the buyer's own chain sources, like --chain"],
  ['HTTPS_PROXY, HTTP_PROXY, NO_PROXY', 'the proxy to go through, and what is reached without it'],
  ['NO_COLOR, FORCE_COLOR', 'no colours, though it is a terminal; colours, though it is none'],
] as const;

const CONVENTIONS = `Results go to standard output; progress, questions and errors to standard error. With --json the last line of standard output is one
JSON object, also where the command fails: {"error": {"code", "message", "money", "next", "evidence"}}; only arguments that are wrong are
told in words alone. Money is satoshis as text.
Bars, colours and QR codes are for a terminal; elsewhere there are plain lines. Nothing is asked off a terminal: a command that needs a
yes ends with exit code 2 and says so. The first Ctrl-C stops at the next safe point, the second at once; the same command goes on.`;

const FILES = `Wallet and journals are in the platform's folder for user data: ~/.local/share/spillway on Linux (XDG_DATA_HOME), ~/Library/Application
Support/spillway on macOS, %LOCALAPPDATA%\\spillway\\Data on Windows; --home or SPILLWAY_HOME name another. There are no settings to keep.`;

/** docs/commands.md */
export function commandsPage(program: CommandDefinition): string {
  const leaves = leavesOf(program);
  const list = leaves.map(
    ({ words, description }) => `| [\`${words}\`](#${words.replaceAll(' ', '-')}) | ${cell(description)} |`,
  );
  return `# Commands

Made by \`npm run man\` from what parses the commands; the man page \`docs/spillway.1\` says the same.

| | |
|---|---|
${list.join('\n')}

${CONVENTIONS}

${leaves.map(section).join('\n')}
## Exit codes

| code | meaning | what to do |
|---|---|---|
${EXIT_CODES.map(({ code, meaning, next }) => `| ${code} | ${cell(meaning)} | ${cell(next)} |`).join('\n')}

## Environment

| | |
|---|---|
${ENVIRONMENT.map(([name, meaning]) => `| \`${name}\` | ${cell(meaning)} |`).join('\n')}

## Files

${FILES}
`;
}

function section({ words, description, usage, arguments: names, options, notes }: CommandDefinition): string {
  const rows = [
    ...names.map(({ name, description: meaning }) => `| \`${name}\` | ${cell(meaning)} |`),
    ...options.map(({ flags, description: meaning }) => `| \`${flags}\` | ${cell(meaning)} |`),
  ];
  return `## ${words}

${description.slice(0, 1).toUpperCase()}${description.slice(1)}.

\`${[words, usage, ...(options.length > 0 ? ['[options]'] : [])].filter(Boolean).join(' ')}\`

| | |
|---|---|
${rows.join('\n')}

\`\`\`
${notes}
\`\`\`
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

/** docs/spillway.1, for man(1): groff_man(7). */
export function manualPage(program: CommandDefinition): string {
  const leaves = leavesOf(program);
  return `.\\" Made by npm run man.
.TH SPILLWAY 1
.SH NAME
spillway \\- buy and sell large datasets by the gigabyte for bitcoin
.SH SYNOPSIS
${leaves.map(({ words, usage }) => `.B ${roff(words)}\n${usage ? `${roff(usage)}\n` : ''}.br`).join('\n')}
.SH DESCRIPTION
${roff(CONVENTIONS)}
.SH COMMANDS
${leaves.map(manualSection).join('\n')}
.SH EXIT STATUS
${EXIT_CODES.map(({ code, meaning, next }) => `.TP\n.B ${code}\n${roff(meaning)}${next ? roff(`; ${next}`) : ''}`).join('\n')}
.SH ENVIRONMENT
${ENVIRONMENT.map(([name, meaning]) => `.TP\n.B ${roff(name)}\n${roff(meaning)}`).join('\n')}
.SH FILES
${roff(FILES)}
`;
}

function manualSection({ words, description, arguments: names, options, notes }: CommandDefinition): string {
  const entries = [
    ...names.map(({ name, description: meaning }) => entry(name, meaning)),
    ...options.map(({ flags, description: meaning }: OptionDefinition) => entry(flags, meaning)),
  ];
  return [`.SS ${roff(words)}`, roff(`${description}.`), ...entries, '.PP', '.nf', roff(notes), '.fi'].join(
    '\n',
  );
}

function entry(name: string, meaning: string): string {
  return `.TP\n.B ${roff(name)}\n${roff(meaning)}`;
}

/** A line must not begin with a control character, and a hyphen that is typed must stay one. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}
