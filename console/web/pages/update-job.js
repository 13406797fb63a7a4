// A running job is changed: only what may change, old and new side by side, and what the change
// makes of the forecast.
import {html, useMemo, useState} from '../html.js';
import {at, get, send} from '../api.js';
import {useLoad} from '../data.js';
import {describe, progress} from '../jobs.js';
import {go, href} from '../router.js';
import {draftOf, updateRequest} from '../job/draft.js';
import {Abort, Presign, Retries, Rollout, Steering, Timeout} from '../job/fields.js';
import {useForecast} from '../job/outlook.js';
import {Curve} from '../parts/curve.js';
import {Confirm} from '../parts/dialog.js';
import {Field} from '../parts/field.js';
import {Loading, Problem, Warnings} from '../parts/notice.js';
import {Page, Section} from '../parts/page.js';
import {Difference} from '../parts/records.js';
import {Time} from '../parts/time.js';
import {counted} from '../parts/number.js';

export default function UpdateJob({names: [id]}) {
  const {data, error, reload} = useLoad(async (signal) => {
    const [job, steering] = await Promise.all([describe(id, signal), get(at`/_drover/jobs/${id}/steering`, {}, {signal})]);
    return {job, steering};
  }, [id]);
  const trail = [{title: 'Jobs', href: '#/jobs'}, {title: id, href: href(['jobs', id])}];
  return html`<${Page} title=${`Update ${id}`} trail=${trail}>
    ${data ? html`<${Form} id=${id} job=${data.job} steering=${data.steering} />`
      : error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`}
  </${Page}>`;
}

function Form({id, job, steering}) {
  const before = useMemo(() => draftOf(job, steering), [job, steering]);
  const [draft, setDraft] = useState(before);
  const [open, setOpen] = useState(false);
  const set = (members) => setDraft((d) => ({...d, ...members}));
  const {update, settings, emptied} = useMemo(() => updateRequest(before, draft), [before, draft]);
  const today = useForecast({jobId: id});
  const then = useForecast(update && {update: {...update, jobId: id}});
  const shared = {draft, set};
  const {counts} = progress(job);
  const close = (done) => {
    setOpen(false);
    if (done) go(['jobs', id]);
  };
  return html`<div class="columns">
    <div class="stack">
      <${Section} title="Description"><${Field} label="Description" value=${draft.description} onInput=${(description) => set({description})} /></${Section}>
      <${Section} title="Rollout"><${Rollout} ...${shared} /><p class="hint">In force from the next minute of the rollout.</p></${Section}>
      <${Section} title="Abort"><${Abort} ...${shared} /><p class="hint">Applied at once to what has ended already.</p></${Section}>
      <${Section} title="Timeout and retries"><${Timeout} ...${shared} /><p class="hint">Attempts that are in progress keep their deadline.</p><${Retries} ...${shared} /></${Section}>
      <${Section} title="Presigned URLs"><${Presign} ...${shared} /></${Section}>
      <${Section} title="Steering"><${Steering} ...${shared} /></${Section}>
    </div>
    <div class="stack"><${Section} title="What changes">
      <${Changes} job=${job} steering=${steering} update=${update} settings=${settings} />
      ${emptied.map((member) => html`<p class="error" key=${member}>${member} cannot be taken away from a job, only be given another value.</p>`)}
      <button type="button" class="primary" disabled=${!update && !settings} onClick=${() => setOpen(true)}>Apply</button>
    </${Section}>
    <${Section} title="Forecast"><${Compare} today=${today} then=${then} /></${Section}></div>
    ${open && html`<${Confirm} title=${`Update ${id}`} verb="Apply" onClose=${close} act=${() => apply(id, update, settings)}
      what=${`The change concerns the rest of the rollout, and ${counted(counts.QUEUED + counts.IN_PROGRESS, 'device')} that have the job and have not ended it.`} />`}
  </div>`;
}

// apply sends both requests. The settings are second: they are refused by themselves.
async function apply(id, update, settings) {
  if (update) await send('PATCH', at`/jobs/${id}`, update);
  if (settings) await send('PATCH', at`/_drover/jobs/${id}/steering`, {settings});
}

function Changes({job, steering, update, settings}) {
  if (!update && !settings) return html`<p class="quiet">Nothing yet.</p>`;
  const named = (from, names) => Object.fromEntries(names.map((name) => [name, from[name]]));
  return html`${update && html`<${Difference} before=${named(job, Object.keys(update))} after=${update} />`}
    ${settings && html`<${Difference} before=${named(steering.settings, Object.keys(settings))} after=${settings} />`}`;
}

// Compare shows when the job ends as it is and as it would be, and the curve of the latter.
function Compare({today, then}) {
  const shown = then.data ?? today.data;
  const error = then.error ?? today.error;
  if (error) return html`<${Problem} error=${error} />`;
  if (!shown) return html`<${Loading} what="Working out the forecast" />`;
  const row = (title, member) => html`<tr><th scope="row">${title}</th><td><${Time} at=${today.data?.[member]?.p50} none="not within the forecast" /></td>
    <td>${then.data ? html`<${Time} at=${then.data[member]?.p50} none="not within the forecast" />` : html`<span class="quiet">the same</span>`}</td></tr>`;
  return html`<table><thead><tr><td></td><th scope="col">As it is</th><th scope="col">With the change</th></tr></thead>
      <tbody>${row('All released', 'released')}${row('All ended', 'finish')}</tbody></table>
    <${Warnings} warnings=${(then.data?.warnings ?? []).map((w) => ({code: w.code, message: w.text}))} />
    <${Curve} forecast=${shown} />`;
}
