// Runs a bundle as Lambda's own client does, where that one cannot be built. It speaks the same API
// (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) and reads the same environment.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT, _HANDLER } = process.env;
const runtime = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const [file, name] = _HANDLER.split('.');

let requestId;
for (const [method, level] of Object.entries({ log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR' })) {
  console[method] = (message) => {
    const line = { timestamp: new Date().toISOString(), level, requestId, message };
    process.stdout.write(`${JSON.stringify(line, errorFields)}\n`);
  };
}

let handler;
try {
  handler = (await import(pathToFileURL(join(LAMBDA_TASK_ROOT, `${file}.mjs`))))[name];
} catch (error) {
  await post('init/error', errorDocument(error));
  throw error;
}
for (;;) {
  const next = await fetch(`${runtime}/invocation/next`);
  requestId = next.headers.get('lambda-runtime-aws-request-id');
  const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'));
  const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    await post(`invocation/${requestId}/response`, await handler(await next.json(), context));
  } catch (error) {
    console.error(error);
    await post(`invocation/${requestId}/error`, errorDocument(error));
  }
}

async function post(path, document) {
  await fetch(`${runtime}/${path}`, { method: 'POST', body: JSON.stringify(document) });
}

function errorDocument({ name, message, stack = '' }) {
  return { errorType: name, errorMessage: message, trace: stack.split('\n') };
}

function errorFields(_, value) {
  return value instanceof Error ? { errorType: value.name, errorMessage: value.message } : value;
}
