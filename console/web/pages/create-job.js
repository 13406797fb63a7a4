// A new job, in steps. The forecast is beside them all the time.
import {html, useMemo, useState} from '../html.js';
import {at, send} from '../api.js';
import {serverNow} from '../clock.js';
import {go} from '../router.js';
import {blank, createRequest, guess} from '../job/draft.js';
import {Abort, Presign, Retries, Rollout, Schedule, Steering, Timeout} from '../job/fields.js';
import {Outlook, useForecast} from '../job/outlook.js';
import {Source} from '../job/source.js';
import {Targets} from '../job/targets.js';
import {Field} from '../parts/field.js';
import {Problem} from '../parts/notice.js';
import {Page, Section} from '../parts/page.js';
import {counted} from '../parts/number.js';
import {announce} from '../parts/announce.js';

const steps = ['Targets', 'Document', 'Rollout', 'Safety', 'Schedule', 'Review'];

export default function CreateJob({session}) {
  const [draft, setDraft] = useState(() => ({...blank(), jobId: guess(serverNow())}));
  const [step, setStep] = useState(0);
  const set = (members) => setDraft((d) => ({...d, ...members}));
  const request = useMemo(() => createRequest(draft), [draft]);
  const ready = draft.jobId && draft.targets.length > 0 && hasDocument(draft);
  const forecast = useForecast(ready ? {create: {...request, jobId: draft.jobId}} : undefined);
  const shared = {session, draft, set};
  const move = (to) => {
    setStep(to);
    announce(`Step ${to + 1} of ${steps.length}: ${steps[to]}`);
  };
  return html`<${Page} title="Create a job" trail=${[{title: 'Jobs', href: '#/jobs'}]}>
    <nav class="tabs" aria-label="Steps">${steps.map((title, i) => html`<button key=${title} type="button" class="plain"
      aria-current=${i === step ? 'step' : undefined} onClick=${() => move(i)}>${i + 1}. ${title}</button>`)}</nav>
    <div class="columns">
      <${Section} title=${steps[step]}>
        ${step === 0 && html`<${Name} ...${shared} /><${Targets} ...${shared} />`}
        ${step === 1 && html`<${Source} ...${shared} /><h3>Presigned URLs</h3><${Presign} ...${shared} />`}
        ${step === 2 && html`<${Rollout} ...${shared} />`}
        ${step === 3 && html`<h3>Abort</h3><${Abort} ...${shared} /><h3>Timeout</h3><${Timeout} ...${shared} />
          <h3>Retries</h3><${Retries} ...${shared} /><h3>Steering</h3><${Steering} ...${shared} />`}
        ${step === 4 && html`<${Schedule} ...${shared} />`}
        ${step === 5 && html`<${Review} draft=${draft} request=${request} forecast=${forecast} ready=${ready} />`}
        <div class="actions steps">
          ${step > 0 && html`<button type="button" onClick=${() => move(step - 1)}>Back</button>`}
          ${step < steps.length - 1 && html`<button type="button" class="primary" onClick=${() => move(step + 1)}>Next: ${steps[step + 1]}</button>`}
        </div>
      </${Section}>
      <${Section} title="Forecast"><${Outlook} forecast=${forecast} /></${Section}>
    </div>
  </${Page}>`;
}

const hasDocument = ({source, document, documentSource, template}) =>
  source === 'json' ? document.trim() : source === 'link' ? documentSource : template;

// Name asks what the job is called and whom it is about.
function Name({draft, set}) {
  return html`<${Field} label="Job id" value=${draft.jobId} onInput=${(jobId) => set({jobId})} maxlength="64"
      hint="1 to 64 characters of a-z, A-Z, 0-9, _ and -. It cannot be changed later." />
    <${Field} label="Description" value=${draft.description} onInput=${(description) => set({description})} />
    <${Field} label="Things that become members of its groups later" kind="select" value=${draft.targetSelection}
      onInput=${(targetSelection) => set({targetSelection})}
      options=${[{value: 'SNAPSHOT', title: 'do not get it (snapshot)'}, {value: 'CONTINUOUS', title: 'get it, too (continuous)'}]} />`;
}

// Review shows what will be sent, and sends it.
function Review({draft, request, forecast, ready}) {
  const [state, setState] = useState({});
  if (!ready) return html`<p>A job needs a job id, at least one target, and a document.</p>`;
  const things = forecast.loading ? undefined : forecast.data?.targets; // not those of an earlier draft
  const create = async () => {
    setState({busy: true});
    try {
      await send('PUT', at`/jobs/${draft.jobId}`, request);
      go(['jobs', draft.jobId]);
    } catch (error) {
      setState({error});
    }
  };
  return html`<p>${things === undefined ? 'The number of things is not known yet.' : html`The job <b>${draft.jobId}</b> is for <b>${counted(things, 'thing')}</b>.`}</p>
    <details><summary>The request</summary><pre tabindex="0">${JSON.stringify(request, null, 2)}</pre></details>
    <${Problem} error=${state.error} />
    <button type="button" class="primary" disabled=${state.busy} onClick=${create}>Create the job</button>`;
}
