import { malformedXml } from './errors.ts';
import { MAX_PARTS } from './limits.ts';

/** An element's content: text, children in order, or nothing where undefined. */
export type XmlContent = string | number | boolean | undefined | readonly XmlElement[];
export type XmlElement = readonly [name: string, content: XmlContent];

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

// XML 1.0 cannot carry the other control characters, not even escaped.
const UNWRITABLE = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

const escapeText = (text: string): string =>
  text.replace(UNWRITABLE, '\uFFFD').replace(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);

function element([name, content]: XmlElement): string {
  if (content === undefined) return '';
  const inner = Array.isArray(content) ? content.map(element).join('') : escapeText(String(content));
  return `<${name}>${inner}</${name}>`;
}

/** A whole document in S3's namespace. */
export function xmlDocument(name: string, children: readonly XmlElement[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${NAMESPACE}">${children.map(element).join('')}</${name}>`;
}

/** S3 writes its errors without a namespace. */
export function xmlError(children: readonly XmlElement[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(['Error', children])}`;
}

/** One Part of a CompleteMultipartUpload request. */
export interface CompletedPart {
  readonly partNumber: number;
  readonly etag: string;
  /** Base64 by the element's name, such as ChecksumSHA256. */
  readonly checksums: ReadonlyMap<string, string>;
}

const DECLARATION = /^\uFEFF?\s*(?:<\?xml[^?>]*\?>)?\s*/;
const ROOT = /^<CompleteMultipartUpload(?:\s+xmlns="[^"<]*")?\s*>(.*)<\/CompleteMultipartUpload>\s*$/s;
const PART = /\s*<Part>([\s\S]*?)<\/Part>\s*/y;
const FIELD = /\s*<([A-Za-z0-9]+)>([^<>]*)<\/\1>\s*/y;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#34': '"',
  '#x22': '"',
};

/** Reads just the one document that S3 takes here: no attributes, comments, CDATA or doctype. Throws MalformedXML. */
export function parseCompletion(text: string): CompletedPart[] {
  const body = ROOT.exec(text.replace(DECLARATION, ''))?.[1];
  if (body === undefined) throw malformedXml();
  const parts = [...matchAll(PART, body)].map(([, fields = '']) => parsePart(fields));
  if (parts.length === 0 || parts.length > MAX_PARTS) throw malformedXml();
  return parts;
}

function parsePart(body: string): CompletedPart {
  const fields = new Map<string, string>();
  for (const [, name = '', value = ''] of matchAll(FIELD, body)) {
    if (fields.has(name)) throw malformedXml();
    fields.set(name, unescapeText(value.trim()));
  }
  const partNumber = fields.get('PartNumber') ?? '';
  const etag = fields.get('ETag');
  if (!/^[1-9][0-9]{0,4}$/.test(partNumber) || etag === undefined) throw malformedXml();
  const checksums = [...fields].filter(([name]) => name.startsWith('Checksum'));
  if (fields.size !== checksums.length + 2) throw malformedXml();
  return {
    partNumber: Number(partNumber),
    etag: etag.replace(/^"(.*)"$/, '$1'),
    checksums: new Map(checksums),
  };
}

/** All matches of a sticky pattern, which together must cover the text. */
function* matchAll(pattern: RegExp, text: string): Generator<RegExpExecArray> {
  const sticky = new RegExp(pattern.source, 'y');
  while (sticky.lastIndex < text.length) {
    const match = sticky.exec(text);
    if (match === null) {
      if (text.trim() === '') return;
      throw malformedXml();
    }
    yield match;
  }
}

function unescapeText(text: string): string {
  return text.replace(/&([^;&]*);?/g, (_, name: string) => {
    const character = ENTITIES[name];
    if (character === undefined) throw malformedXml();
    return character;
  });
}
