// A table that is read page by page.
import {html} from '../html.js';
import {Loading, Problem} from './notice.js';

// Table shows items. columns are [{title, cell: (item) => …, number, wide}]; wide ones are left out
// on narrow screens. pages is what usePages returns; empty is shown when there are no items. key
// names an item. caption says what the table holds, for who cannot see it.
export function Table({caption, columns, pages, empty, keyOf}) {
  const {items, error, loading, more, reload} = pages;
  if (items.length === 0 && loading) return html`<${Loading} />`;
  if (items.length === 0 && error) return html`<${Problem} error=${error} retry=${reload} />`;
  if (items.length === 0) return empty ?? html`<p class="quiet">None.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}>
    <table>
      <caption class="visually-hidden">${caption}</caption>
      <thead><tr>${columns.map((c) => html`<th key=${c.title} scope="col" class=${classes(c)}>${c.title}</th>`)}</tr></thead>
      <tbody>${items.map((item) => html`<tr key=${keyOf(item)}>
        ${columns.map((c) => html`<td key=${c.title} class=${classes(c)}>${c.cell(item)}</td>`)}
      </tr>`)}</tbody>
    </table>
  </div>
  <${Problem} error=${error} />
  ${more && html`<p class="more"><button type="button" disabled=${loading} onClick=${more}>
    ${loading ? 'Loading…' : 'Show more'}</button></p>`}`;
}

const classes = (column) => [column.number && 'number', column.wide && 'wide'].filter(Boolean).join(' ');
