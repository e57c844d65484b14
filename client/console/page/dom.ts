type Attributes = Readonly<Record<string, string>>;
type Child = Node | string;

/** An element with attributes and children; text goes in as text, whatever is in it. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

/** An element of the page that is always there. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

export function fill(id: string, ...children: readonly Child[]): void {
  byId(id, HTMLElement).replaceChildren(...children);
}

export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
}

export function figures(list: readonly Figure[]): HTMLElement[] {
  return list.map(({ name, value, note }) =>
    element(
      'div',
      {},
      element('dt', {}, name),
      element('dd', {}, value),
      ...(note === undefined ? [] : [element('dd', {}, note)]),
    ),
  );
}

export interface Column<Row> {
  readonly name: string;
  readonly isNumber?: boolean;
  readonly cell: (row: Row) => Child;
}

/** A table whose roles stay when a narrow screen shows its rows as blocks; the first column names the row. */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): HTMLElement {
  const kind = ({ isNumber }: Column<Row>): Attributes => (isNumber ? { class: 'number' } : {});
  const head = columns.map((column) =>
    element('th', { scope: 'col', role: 'columnheader', ...kind(column) }, column.name),
  );
  const body = rows.map((row) => {
    const cells = columns.map((column, index) => {
      const attributes = { 'data-label': column.name, ...kind(column) };
      return index === 0
        ? element('th', { scope: 'row', role: 'rowheader', ...attributes }, column.cell(row))
        : element('td', { role: 'cell', ...attributes }, column.cell(row));
    });
    return element('tr', { role: 'row' }, ...cells);
  });
  return element(
    'table',
    { class: 'table', role: 'table', 'aria-label': caption },
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...head)),
    element('tbody', { role: 'rowgroup' }, ...body),
  );
}
