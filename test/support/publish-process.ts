import { CommanderError } from 'commander';
import { publishCommand } from '../../client/cli/publish-command.ts';

/** `spillway publish` as a process of its own, to be killed: `node <bundle> <path> --price …`. */
publishCommand()
  .exitOverride()
  .parseAsync(process.argv.slice(2), { from: 'user' })
  .catch((error: unknown) => {
    if (!(error instanceof CommanderError)) process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
