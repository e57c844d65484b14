import { runProgram } from './program.ts';

// A reader that goes away (`spillway … | head`) must not bring down a purchase that is under way.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

void runProgram(process.argv.slice(2));
