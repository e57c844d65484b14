import { writeFile } from 'node:fs/promises';
import { definitionOf } from '../client/cli/command-tree.ts';
import { wholeProgram } from '../client/cli/program.ts';
import { commandsPage, manualPage } from './command-docs.ts';

const program = definitionOf(await wholeProgram());
await writeFile('docs/commands.md', commandsPage(program));
await writeFile('docs/spillway.1', manualPage(program));
