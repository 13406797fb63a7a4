// Records of the audit log: who has changed what, old and new side by side.
import {html} from '../html.js';
import {get} from '../api.js';
import {usePages} from '../data.js';
import {differences} from './flatten.js';
import {Loading, Problem} from './notice.js';
import {Time} from './time.js';

// Records lists the newest records first: those of a resource such as job/fw-2, or of an operator. It
// reads them again when turn changes.
export function Records({resource, operator, turn}) {
  const {items, error, loading, more, reload} = usePages(async (before, signal) => {
    const answer = await get('/_drover/audit', {resource, operator, before, limit: 25}, {signal});
    return {items: answer.records, next: answer.next};
  }, [resource, operator], turn);
  if (items.length === 0 && loading) return html`<${Loading} />`;
  return html`<${Problem} error=${error} retry=${reload} />
    ${items.length === 0 && !error && html`<p class="quiet">No change is recorded${more ? ' in what was looked at' : ''}.</p>`}
    <ol class="records">${items.map((r) => html`<li key=${r.number}>
      <p><b>${r.operation}</b> ${!resource && html`<code>${r.resource}</code>`} by ${r.operator}
        ${r.sourceAddress && html`<span class="quiet"> from ${r.sourceAddress}</span>`}, <${Time} at=${r.time} />
        <span class="quiet small"> no. ${r.number}</span></p>
      <details><summary class="small">What was changed</summary><${Difference} before=${r.before} after=${r.after} request=${r.request} /></details>
    </li>`)}</ol>
    ${more && html`<p class="more"><button type="button" disabled=${loading} onClick=${more}>${loading ? 'Loading…' : 'Show older'}</button></p>`}`;
}

// Difference shows what has changed, as it was and as it is: the members of members one by one.
export function Difference({before, after, request}) {
  const rows = differences(before, after);
  if (rows.length === 0) {
    return request ? html`<pre tabindex="0" aria-label="What was asked for">${JSON.stringify(request, null, 2)}</pre>` : html`<p class="quiet small">Nothing that is shown.</p>`;
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-label="What has changed"><table class="difference">
    <thead><tr><th scope="col">Member</th>${before && html`<th scope="col">Before</th>`}<th scope="col">${before ? 'After' : 'Value'}</th></tr></thead>
    <tbody>${rows.map(([name, old, now]) => html`<tr key=${name}><th scope="row">${name}</th>
      ${before && html`<td><${Value} text=${old} gone /></td>`}<td><${Value} text=${now} /></td></tr>`)}</tbody>
  </table></div>`;
}

function Value({text, gone}) {
  if (text === undefined) return html`<span class="quiet">–</span>`;
  return gone ? html`<del>${text}</del>` : html`<ins>${text}</ins>`;
}
