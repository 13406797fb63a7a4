// Records of the audit log: who has changed what, old and new side by side.
import {html} from '../html.js';
import {get} from '../api.js';
import {usePages} from '../data.js';
import {Loading, Problem} from './notice.js';
import {Time} from './time.js';

// Records lists the newest records first: those of a resource such as job/fw-2, or of an operator.
export function Records({resource, operator}) {
  const {items, error, loading, more, reload} = usePages(async (before, signal) => {
    const answer = await get('/_drover/audit', {resource, operator, before, limit: 50}, {signal});
    return {items: answer.records, next: answer.next};
  }, [resource, operator]);
  if (items.length === 0 && loading) return html`<${Loading} />`;
  return html`<${Problem} error=${error} retry=${reload} />
    ${items.length === 0 && !error && html`<p class="quiet">No change is recorded${more ? ' in what was looked at' : ''}.</p>`}
    <ol class="records">${items.map((r) => html`<li key=${r.number}>
      <p><b>${r.operation}</b> ${!resource && html`<code>${r.resource}</code>`} by ${r.operator}
        ${r.sourceAddress && html`<span class="quiet"> from ${r.sourceAddress}</span>`}, <${Time} at=${r.time} />
        <span class="quiet small"> no. ${r.number}</span></p>
      <${Difference} before=${r.before} after=${r.after} request=${r.request} />
    </li>`)}</ol>
    ${more && html`<p class="more"><button type="button" disabled=${loading} onClick=${more}>${loading ? 'Loading…' : 'Show older'}</button></p>`}`;
}

// Difference shows the members that have changed, as they were and as they are.
export function Difference({before, after, request}) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  if (names.length === 0) {
    return request ? html`<details><summary class="small">What was asked for</summary><pre tabindex="0">${JSON.stringify(request, null, 2)}</pre></details>` : null;
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-label="What has changed"><table class="difference">
    <thead><tr><th scope="col">Member</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
    <tbody>${names.map((name) => html`<tr key=${name}><th scope="row">${name}</th>
      <td class="before">${shown(before?.[name])}</td><td class="after">${shown(after?.[name])}</td></tr>`)}</tbody>
  </table></div>`;
}

function shown(value) {
  if (value === undefined) return html`<span class="quiet">–</span>`;
  if (typeof value !== 'object' || value === null) return html`<code>${String(value)}</code>`;
  return html`<pre tabindex="0">${JSON.stringify(value, null, 2)}</pre>`;
}
