import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A declaration that the package gives, as the compiler wrote it down. */
interface Declaration {
  readonly name: string;
  /** Without its marks; empty where it has none. */
  readonly comment: string;
  readonly code: string;
}

const HEADING = `# API

Written by \`npm run api\` from the types that the package carries. [The SDK](../sdk.md) is the introduction. Money is bigint satoshis,
sizes are bytes, heights are blocks.
`;

/**
 * The reference of the SDK, in Markdown.
 * @param types the folder with the compiled types of client/sdk
 */
export function apiReference(types: string): string {
  const everywhere = declarationsOf(join(types, 'public.d.ts'));
  const inPages = declarationsOf(join(types, 'browser.d.ts'));
  const isUsed = ({ code }: Declaration) => /^(declare )?(class|function) /.test(code);
  return [
    HEADING,
    '## What is called\n',
    ...everywhere.filter(isUsed).map(sectionOf),
    '## In pages alone\n',
    ...inPages.map(sectionOf),
    '## What it takes and gives\n',
    ...everywhere.filter((one) => !isUsed(one)).map(sectionOf),
  ].join('\n');
}

function sectionOf({ name, comment, code }: Declaration): string {
  const prose = comment === '' ? '' : `${comment}\n\n`;
  return `### ${name}\n\n${prose}\`\`\`ts\n${code}\n\`\`\`\n`;
}

/** What an entry exports by name, wherever it is declared. */
function declarationsOf(entry: string): Declaration[] {
  const text = readFileSync(entry, 'utf8');
  const own = [...text.matchAll(/^export declare (?:function|class|const) (\w+)/gm)].map(([, name = '']) =>
    declarationIn(text, name),
  );
  const others = [...text.matchAll(/^export (?:type )?\{([^}]+)\} from '([^']+)\.ts';$/gm)].flatMap(
    ([, names = '', file = '']) => {
      const source = readFileSync(join(dirname(entry), `${file}.d.ts`), 'utf8');
      return names.split(',').map((name) => declarationIn(source, name.replace('type ', '').trim()));
    },
  );
  return [...own, ...others];
}

function declarationIn(source: string, name: string): Declaration {
  const begin = new RegExp(`^export ((?:declare )?(?:class|interface|type|function|const) ${name}\\b)`, 'm');
  const found = begin.exec(source);
  if (!found) throw new Error(`${name} is not declared where it is exported from`);
  const [, comment = ''] = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n$/.exec(source.slice(0, found.index)) ?? [];
  return { name, comment: proseOf(comment), code: codeOf(source.slice(found.index + 'export '.length)) };
}

/** A class or an interface ends with its body, a type or a function with the `;` after all bodies in it. */
function codeOf(text: string): string {
  const hasBody = /^(declare )?(class|interface) /.test(text);
  let depth = 0;
  for (const { 0: mark, index } of text.matchAll(/\/\*[\s\S]*?\*\/|[{};]/g)) {
    if (mark === '{') depth += 1;
    if (mark === '}') depth -= 1;
    if (depth === 0 && mark === (hasBody ? '}' : ';')) return withoutPrivate(text.slice(0, index + 1));
  }
  throw new Error(`no end of ${text.slice(0, 60)}`);
}

/** Nobody but the package makes its objects. */
function withoutPrivate(code: string): string {
  return code.replace(/^ {4}(#private|(private )?constructor\(.*\));\n/gm, '');
}

function proseOf(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
    .join('\n')
    .replace(/\s*@param (\w+)/g, '\n\n**`$1`**')
    .replace(/\s*@(returns|throws)/g, '\n\n**$1**')
    .trim();
}
