const KEPT = ['PATH', 'HOME', 'TMPDIR'];

/** What every program here starts with: no proxy, certificate, credential or setting of the machine's user changes it. */
export function cleanEnvironment(further: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = KEPT.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(kept),
    // As in the command itself: nobody who runs a benchmark can do anything about it.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...further,
  };
}
