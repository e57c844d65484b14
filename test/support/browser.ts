import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Chromium as CHROMIUM or PATH has it; `scripts/get-browser.sh` installs Debian's. */
export const BROWSER_PATH = findBrowser();
if (BROWSER_PATH === undefined) {
  process.stderr.write(
    'NO BROWSER: the pages are not tested. Install Chromium with scripts/get-browser.sh, or name one with CHROMIUM.\n',
  );
}
/** `describe` where there is a browser. */
export const describeInBrowser = BROWSER_PATH === undefined ? describe.skip : describe;

export async function startBrowser(): Promise<Browser> {
  if (BROWSER_PATH === undefined) throw new Error('there is no browser');
  return chromium.launch({ executablePath: BROWSER_PATH });
}

function findBrowser(): string | undefined {
  const { CHROMIUM, PATH = '' } = process.env;
  if (CHROMIUM !== undefined) return CHROMIUM;
  const places = PATH.split(delimiter).flatMap((folder) =>
    ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)),
  );
  return places.find((place) => existsSync(place));
}

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe finds wrong with a page as it is now: a rule and the places, one line each.
 * @param rules only these; by default all
 */
export async function accessibilityProblems(
  page: Page,
  rules?: readonly string[],
): Promise<readonly string[]> {
  // Not by a script element: the page's own policy forbids it.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  return page.evaluate(async (only) => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: Violation[] }> };
    };
    const { violations } = await axe.run(only ? { runOnly: only } : {});
    return violations.map(({ id, help, nodes }) => {
      return `${id}: ${help} (${nodes.map(({ target }) => target.join(' ')).join(', ')})`;
    });
  }, rules);
}

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** Pixels by which a page is wider than its window: more than none has people scroll sideways. */
export function widthBeyondWindow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
