import type { CommandDefinition } from './command-tree.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script that makes a shell complete `spillway`'s commands and options; elsewhere it completes files. */
export function completionScript(program: CommandDefinition, shell: Shell): string {
  const commands = flattened(program);
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands);
}

function flattened(command: CommandDefinition): readonly CommandDefinition[] {
  return [command, ...command.children.flatMap(flattened)];
}

/** Words without the program's own, as the scripts collect them: ` wallet send`. */
const pathOf = ({ words }: CommandDefinition) => words.replace(/^spillway/, '');
const nameOf = ({ words }: CommandDefinition) => words.split(' ').at(-1) ?? '';
const wordsIn = (command: CommandDefinition) =>
  [...command.children.map(nameOf), ...command.options.map(({ long }) => long), '--help'].join(' ');

/** How far the words on the line name a command: the same loop in bash and zsh, to which `path` is the PATH. */
function pathLoop(commands: readonly CommandDefinition[], words: string): string {
  const known = commands.slice(1).map((command) => `'${pathOf(command)}'`);
  return `  local command_path='' word
  for word in ${words}; do
    case "$command_path $word" in
      ${known.join('|')}) command_path="$command_path $word" ;;
    esac
  done`;
}

function bashScript(commands: readonly CommandDefinition[]): string {
  const cases = commands.map((command) => `    '${pathOf(command)}') words='${wordsIn(command)}' ;;`);
  return `# spillway: add to ~/.bashrc
#   source <(spillway completion bash)
_spillway() {
${pathLoop(commands, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  local words
  case "$command_path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _spillway spillway
`;
}

function zshScript(commands: readonly CommandDefinition[]): string {
  const cases = commands.map((command) => `    '${pathOf(command)}') compadd -- ${wordsIn(command)} ;;`);
  return `#compdef spillway
# spillway: add to ~/.zshrc, after compinit
#   source <(spillway completion zsh)
_spillway() {
${pathLoop(commands, `"\${(@)words[2,CURRENT-1]}"`)}
  case "$command_path" in
${cases.join('\n')}
  esac
  _files
}
compdef _spillway spillway
`;
}

function fishScript(commands: readonly CommandDefinition[]): string {
  const known = commands.slice(1).map((command) => `'${pathOf(command)}'`);
  const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const lines = commands.flatMap((command) => {
    const at = `complete -c spillway -n ${quoted(`test (__spillway_path) = '${pathOf(command)}'`)}`;
    return [
      ...command.children.map((child) => `${at} -f -a ${nameOf(child)} -d ${quoted(child.description)}`),
      ...command.options.map(({ short, long, description, takesValue }) =>
        [
          at,
          ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
          `-l ${long.slice(2)}`,
          ...(takesValue ? ['-r'] : []),
          `-d ${quoted(description)}`,
        ].join(' '),
      ),
    ];
  });
  return `# spillway: save as ~/.config/fish/completions/spillway.fish
function __spillway_path
  set -l path ''
  for word in (commandline -opc)[2..-1]
    if contains -- "$path $word" ${known.join(' ')}
      set path "$path $word"
    end
  end
  echo "'$path'" | string trim -c "'"
end
${lines.join('\n')}
`;
}
