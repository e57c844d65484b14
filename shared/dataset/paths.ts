import { MAX_PATH_BYTES, MAX_PATH_COMPONENT_BYTES } from '../limits.ts';

/**
 * Paths of a dataset's files: relative, with forward slashes, in Unicode NFC, and such that every common system can hold
 * them, so that nothing a seller names can escape or confuse the folder a buyer writes into.
 */

const encoder = new TextEncoder();
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it refuses
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
/** Characters that Windows keeps for itself; a colon would address a drive or a second stream of a file. */
const RESERVED_CHARACTERS = /[\\<>:"|?*]/;
/** Device names of Windows, with or without an extension ("Naming Files, Paths, and Namespaces", Microsoft). */
const DEVICE_NAME = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\.|$)/i;

/** Beginning of the names that Spillway keeps in a buyer's folder for itself: notes beside the data, files under way. */
export const OWN_NAMES = '.spillway';

/** What is wrong with one path, or undefined. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (!path.isWellFormed()) return 'is not valid Unicode';
  if (path !== path.normalize('NFC')) return 'is not in Unicode NFC';
  if (encoder.encode(path).length > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`;
  if (path.startsWith('/')) return 'is absolute';
  if (foldCase(path).startsWith(OWN_NAMES)) return `begins with ${OWN_NAMES}, where Spillway keeps its own`;
  for (const component of path.split('/')) {
    const problem = componentProblem(component);
    if (problem) return problem;
  }
  return undefined;
}

function componentProblem(component: string): string | undefined {
  if (component === '') return 'has an empty component';
  if (component === '.' || component === '..') return `has a component '${component}'`;
  if (CONTROL.test(component)) return 'has a control character';
  if (RESERVED_CHARACTERS.test(component)) return 'has one of the characters \\ < > : " | ? *';
  if (component.endsWith('.') || component.endsWith(' '))
    return 'has a component that ends in a dot or a space';
  if (DEVICE_NAME.test(component)) return 'has a component that is a device name on Windows';
  if (encoder.encode(component).length > MAX_PATH_COMPONENT_BYTES) {
    return `has a component longer than ${MAX_PATH_COMPONENT_BYTES} bytes`;
  }
  return undefined;
}

/**
 * What is wrong with a dataset's paths, each by itself or together: two that differ only in case, which many systems take
 * for one, or a file where another path needs a folder.
 * @returns the first problem with its path, or undefined
 */
export function pathsProblem(paths: readonly string[]): string | undefined {
  const files = new Set<string>();
  for (const path of paths) {
    const problem = pathProblem(path);
    if (problem) return `path ${JSON.stringify(path)} ${problem}`;
    const folded = foldCase(path);
    if (files.has(folded)) return `path ${JSON.stringify(path)} is there twice, case apart`;
    files.add(folded);
  }
  for (const path of paths) {
    if (parents(foldCase(path)).some((parent) => files.has(parent))) {
      return `path ${JSON.stringify(path)} needs a folder where there is a file`;
    }
  }
  return undefined;
}

/**
 * Upper case first: it joins what has several lower cases (ß and ss, ſ and s), as Unicode's full folding does. Twice, for ẞ
 * becomes ß first and ss then.
 */
function foldCase(path: string): string {
  const once = (text: string) => text.toUpperCase().toLowerCase().normalize('NFC');
  return once(once(path));
}

function parents(path: string): string[] {
  const components = path.split('/').slice(0, -1);
  return components.map((_, index) => components.slice(0, index + 1).join('/'));
}
