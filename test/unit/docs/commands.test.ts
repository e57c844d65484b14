import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type CommandDefinition, definitionOf, leavesOf } from '../../../client/cli/command-tree.ts';
import { completionScript } from '../../../client/cli/completion.ts';
import { EXIT_CODES, exitCodeOf } from '../../../client/cli/exit-codes.ts';
import { wholeProgram } from '../../../client/cli/program.ts';
import { commandsPage, manualPage } from '../../../scripts/command-docs.ts';

let program: CommandDefinition;
beforeAll(async () => {
  program = definitionOf(await wholeProgram());
});

test('docs/commands.md and docs/spillway.1 are what the commands say: run npm run man', () => {
  expect(readFileSync('docs/commands.md', 'utf8')).toBe(commandsPage(program));
  expect(readFileSync('docs/spillway.1', 'utf8')).toBe(manualPage(program));
});

test('every command has an example that begins with its words, and can print JSON', () => {
  const without = leavesOf(program).filter(({ words, notes }) => !notes.includes(`\n  ${words}`));
  expect(without.map(({ words }) => words)).toEqual([]);
  const plain = leavesOf(program).filter(({ options }) => !options.some(({ long }) => long === '--json'));
  expect(plain.map(({ words }) => words)).toEqual(['spillway completion']);
});

test('the list of commands says of each what it says itself', () => {
  const short = readFileSync('client/cli/program.ts', 'utf8');
  const told = program.children.filter(({ description }) => !short.includes(description));
  expect(told.map(({ words }) => words)).toEqual([]);
});

test.each(['README.md', 'docs/buying.md', 'docs/faq.md', 'docs/trust.md'])(
  '%s names no command and no option that is not there',
  (path) => {
    const text = readFileSync(path, 'utf8');
    const all = (command: CommandDefinition): CommandDefinition[] => [
      command,
      ...command.children.flatMap(all),
    ];
    const words = new Set(all(program).map((command) => command.words));
    const options = new Set(all(program).flatMap((command) => command.options.map(({ long }) => long)));
    const called = [...text.matchAll(/(?:npx |`|\$ )spillway ([a-z]+)/g)].map(
      ([, name]) => `spillway ${name}`,
    );
    expect(called.filter((command) => !words.has(command))).toEqual([]);
    const given = [...text.matchAll(/spillway [^`\n]*?(--[a-z-]+)|`(--[a-z-]+)/g)].map(
      ([, one, other]) => one ?? other ?? '',
    );
    expect(given.length).toBeGreaterThan(0);
    expect(given.filter((option) => !options.has(option))).toEqual([]);
  },
);

test('every failure has an exit code that is told', () => {
  const told = new Set(EXIT_CODES.map(({ code }): number => code));
  for (const code of [
    'usage',
    'funds-needed',
    'shop-unreachable',
    'interrupted',
    'journal-damaged',
  ] as const) {
    expect(told).toContain(exitCodeOf(code));
  }
  expect(EXIT_CODES.map(({ code }) => code)).toEqual([...told]);
});

test('bash completes commands, their commands, and the options of the one on the line', () => {
  const complete = (...words: string[]) => {
    const script = `${completionScript(program, 'bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _spillway; echo "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.trim();
  };
  expect(complete('spillway', 're')).toBe('refund receipts');
  expect(complete('spillway', 'wallet', 'b')).toBe('balance backup');
  expect(complete('spillway', 'buy', 'https://shop.example', '--max')).toBe('--max-price --max-capacity');
  expect(complete('spillway', 'wallet', '--home', 'x', 'send', '--y')).toBe('--yes');
});
