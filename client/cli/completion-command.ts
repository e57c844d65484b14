import { Argument, Command } from 'commander';
import { definitionOf } from './command-tree.ts';
import { completionScript, SHELLS, type Shell } from './completion.ts';

/** `spillway completion`: for the shells that people use. @param wholeProgram with every command's code loaded */
export function completionCommand(wholeProgram: () => Promise<Command>): Command {
  return new Command('completion')
    .description('print what makes a shell complete commands and options')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  source <(spillway completion bash)                                     # in ~/.bashrc
  source <(spillway completion zsh)                                      # in ~/.zshrc, after compinit
  spillway completion fish > ~/.config/fish/completions/spillway.fish`,
    )
    .action(async (shell: Shell) => {
      process.stdout.write(completionScript(definitionOf(await wholeProgram()), shell));
    });
}
