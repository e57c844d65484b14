import { runProgram } from './program.ts';

// A reader that goes away (`spillway … | head`) must not bring down a purchase that is under way.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// The AWS SDK says once per process that it will leave Node 20; we support it on purpose, and a user can do nothing about it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

void runProgram(process.argv.slice(2));
