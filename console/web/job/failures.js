// Which things fail, and what they have in common.
import {html} from '../html.js';
import {at, get} from '../api.js';
import {useLoad} from '../data.js';
import {Section} from '../parts/page.js';
import {Loading, Problem} from '../parts/notice.js';
import {Status} from '../parts/status.js';
import {count} from '../parts/number.js';

const kinds = {THING_TYPE: 'type', ATTRIBUTE: 'attribute', TARGET_GROUP: 'group'};

export function Failures({id}) {
  const {data, error, reload} = useLoad((signal) => get(at`/_drover/jobs/${id}/failures`, {}, {signal}), [id]);
  if (!data) return error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} what="Looking at the failures" />`;
  if (data.failed === 0) {
    return html`<${Problem} error=${error} retry=${reload} /><${Section} title="Failures" actions=${html`<button type="button" onClick=${reload}>Refresh</button>`}><p>Of ${count(data.ended)} first attempts that have ended, none has failed.</p></${Section}>`;
  }
  return html`<${Problem} error=${error} retry=${reload} />
    <${Section} title="Failures" actions=${html`<button type="button" onClick=${reload}>Refresh</button>`}>
      <p>${count(data.failed)} of ${count(data.ended)} first attempts that have ended have failed:
        ${data.statuses.map((s) => html` <span key=${s.status} class="badge">${count(s.count)} <${Status} status=${s.status} /></span>`)}</p>
    </${Section}>
    <${Section} title="Reasons"><${Reasons} failures=${data} /></${Section}>
    <${Section} title="What they have in common"><${Groups} failures=${data} /></${Section}>`;
}

function Reasons({failures}) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Reasons"><table>
    <thead><tr><th scope="col">Reason</th><th scope="col" class="number">Failed</th><th scope="col">Before</th></tr></thead>
    <tbody>${failures.reasons.map((r) => html`<tr key=${r.reason}>
      <td>${r.reason || html`<span class="quiet">none was given</span>`}</td><td class="number">${count(r.failed)}</td>
      <td>${failures.comparedJobs === 0 ? '' : r.new ? html`<b>new</b>` : 'seen before'}</td></tr>`)}
      ${failures.otherReasons > 0 && html`<tr><td class="quiet">other reasons</td><td class="number">${count(failures.otherReasons)}</td><td></td></tr>`}
    </tbody></table></div>
    <p class="hint">Compared with the ${count(failures.comparedJobs)} jobs before this one.</p>`;
}

function Groups({failures}) {
  if (failures.groups.length === 0) return html`<p class="quiet">The things have no type, attribute or group to tell them apart by.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Groups of things"><table>
    <thead><tr><th scope="col">Things with</th><th scope="col" class="number">Failed</th><th scope="col" class="number">Share</th>
      <th scope="col" class="number">Times the others</th><th scope="col">Chance?</th></tr></thead>
    <tbody>${failures.groups.map((g) => html`<tr key=${g.kind + g.name + g.value}>
      <td>${kinds[g.kind]} ${g.name && `${g.name} = `}${g.value}</td>
      <td class="number">${count(g.failed)} of ${count(g.ended)}</td><td class="number">${g.failedPercentage} %</td>
      <td class="number">${g.lift ?? '–'}</td>
      <td>${g.significant ? html`<b>more than chance explains</b> <span class="quiet small">p = ${g.p}</span>` : html`<span class="quiet">may be chance</span>`}</td>
    </tr>`)}</tbody></table></div>
    ${failures.leftOutAttributes.length > 0 && html`<p class="hint">Left out because they have more than 50 values: ${failures.leftOutAttributes.join(', ')}.</p>`}`;
}
