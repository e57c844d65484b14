import { homedir } from 'node:os';
import type { Argument, Command, Option } from 'commander';

/** A command as documents and shells know it; read from what parses it, so they cannot drift apart. */
export interface CommandDefinition {
  /** `spillway wallet send` */
  readonly words: string;
  readonly description: string;
  /** `<address> <satoshis>` */
  readonly usage: string;
  readonly arguments: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionDefinition[];
  /** What the help says after them: notes and examples. */
  readonly notes: string;
  readonly children: readonly CommandDefinition[];
}

export interface OptionDefinition {
  /** `-o, --output <folder>` */
  readonly flags: string;
  readonly short: string | undefined;
  readonly long: string;
  readonly description: string;
  readonly takesValue: boolean;
}

export function definitionOf(command: Command, parents = ''): CommandDefinition {
  const words = `${parents}${command.name()}`;
  const children = command.commands.filter((child) => child.name() !== 'help');
  return {
    words,
    description: command.description(),
    usage: command.registeredArguments.map(argumentUsage).join(' '),
    arguments: command.registeredArguments.map((argument) => ({
      name: argumentUsage(argument),
      description: argument.description,
    })),
    options: command.options.map(optionOf),
    notes: notesOf(command),
    children: children.map((child) => definitionOf(child, `${words} `)),
  };
}

/** The commands that do something, in their order. */
export function leavesOf(definition: CommandDefinition): readonly CommandDefinition[] {
  return definition.children.length === 0 ? [definition] : definition.children.flatMap(leavesOf);
}

function argumentUsage(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionOf({
  flags,
  short,
  long,
  description,
  defaultValue,
  negate,
  required,
}: Option): OptionDefinition {
  const isTold = defaultValue !== undefined && !negate;
  // Whoever reads it has another home.
  const value = String(defaultValue).replace(homedir(), '~');
  return {
    flags,
    short,
    long: long ?? flags,
    description: isTold ? `${description} (default: ${value})` : description,
    takesValue: required,
  };
}

/** What `addHelpText` adds, which commander keeps to itself: the help with it, less the help without. */
function notesOf(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => void parts.push(part) });
  command.outputHelp();
  return parts.join('').slice(command.helpInformation().length).trim();
}
