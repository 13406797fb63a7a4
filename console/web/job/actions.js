// What an operator can do to a job. Each asks first, and says how many devices it concerns.
import {html, useState} from '../html.js';
import {at, send} from '../api.js';
import {may} from '../session.js';
import {progress} from '../jobs.js';
import {go, href} from '../router.js';
import {Confirm} from '../parts/dialog.js';
import {counted} from '../parts/number.js';
import {announce} from '../parts/announce.js';

export function Actions({session, id, job, steering, reload}) {
  const [open, setOpen] = useState(); // {name, title}: what is asked about, offered or not by now
  if (!may(session, 'operator')) return null;
  const offered = choices(job, steering);
  const close = (done) => {
    setOpen(undefined);
    if (!done) return;
    announce(`${open.title}: done`);
    if (open.name === 'delete') go(['jobs']);
    else reload();
  };
  const {counts} = progress(job);
  const Chosen = open && dialogs[open.name];
  return html`
    ${offered.update && html`<a class="button" href=${href(['update-job', id])}>Update</a>`}
    ${Object.entries(offered).filter(([name]) => name !== 'update').map(([name, {title, primary, danger}]) => html`
      <button key=${name} type="button" class=${primary ? 'primary' : danger ? 'danger' : ''} onClick=${() => setOpen({name, title})}>${title}</button>`)}
    ${Chosen && html`<${Chosen} id=${id} job=${job} counts=${counts} steering=${steering} onClose=${close} />`}`;
}

// choices are what can be done to a job as it is now, by name.
function choices(job, {settings, state}) {
  const active = job.status === 'IN_PROGRESS' || job.status === 'SCHEDULED';
  if (!active) return job.status === 'DELETION_IN_PROGRESS' ? {} : {delete: {title: 'Delete', danger: true}};
  const paused = settings.paused !== undefined;
  const {counts} = progress(job);
  const waits = paused && state.waves?.some((w) => w.status === 'STOPPED') && settings.paused.includes('waits for approval');
  return {
    ...(waits ? {approve: {title: 'Approve', primary: true}} : {}),
    ...(paused ? {resume: {title: 'Resume', primary: !waits}} : {pause: {title: 'Pause', primary: true}}),
    update: {title: 'Update'},
    ...(failedOf(counts) > 0 ? {retry: {title: 'Retry the failed'}} : {}),
    cancel: {title: 'Cancel', danger: true},
  };
}

const failedOf = (counts) => counts.FAILED + counts.TIMED_OUT + counts.REJECTED;

const steer = (id, settings) => send('PATCH', at`/_drover/jobs/${id}/steering`, {settings});

function Pause({id, counts, onClose}) {
  return html`<${Confirm} title=${`Pause ${id}`} verb="Pause" reason="Why" onClose=${onClose}
    act=${(why) => steer(id, {paused: why || 'paused in the console'})}
    what=${`Nothing more is released. ${counted(counts.QUEUED, 'device')} that have not started no longer see the job; ${counted(counts.IN_PROGRESS, 'device')} in progress go on.`} />`;
}

function Resume({id, counts, steering, onClose}) {
  return html`<${Confirm} title=${`Resume ${id}`} verb="Resume" onClose=${onClose} act=${() => steer(id, {paused: null})}
    what=${`${counted(counts.QUEUED, 'device')} that have not started see the job again, and the rollout goes on.`}>
    <p class="quiet">It was paused: ${steering.settings.paused || 'no reason was given'}.</p></${Confirm}>`;
}

function Approve({id, steering, onClose}) {
  // The wave that was shown when the dialog was opened: another may have been approved since.
  const [wave] = useState(() => steering.state.waves.find((w) => w.status === 'STOPPED'));
  return html`<${Confirm} title=${`Approve wave ${wave.number} of ${id}`} verb="Approve" onClose=${onClose}
    act=${() => send('POST', at`/_drover/jobs/${id}/approve`, {wave: wave.number})}
    what=${`The next wave begins. In wave ${wave.number}, ${wave.succeeded} of ${counted(wave.created, 'device')} succeeded.`} />`;
}

function Retry({id, counts, onClose}) {
  const statuses = ['FAILED', 'TIMED_OUT', 'REJECTED'].filter((s) => counts[s] > 0);
  return html`<${Confirm} title=${`Retry the failed of ${id}`} verb="Retry" onClose=${onClose}
    act=${() => send('POST', at`/_drover/jobs/${id}/retry`, {statuses})}
    what=${`Up to ${counted(failedOf(counts), 'device')} whose last attempt failed, timed out or was rejected get the job again, at the rate of the rollout.`} />`;
}

function Cancel({id, counts, onClose}) {
  const [force, setForce] = useState(false);
  return html`<${Confirm} title=${`Cancel ${id}`} verb="Cancel the job" danger reason="Comment" onClose=${onClose}
    act=${(comment) => send('PUT', at`/jobs/${id}/cancel` + (force ? '?force=true' : ''), {comment: comment || undefined})}
    what=${`${counted(counts.QUEUED, 'device')} that have not started lose the job. ${counted(counts.IN_PROGRESS, 'device')} in progress ${force ? 'are canceled, too, wherever they are in it' : 'go on to their end'}. This cannot be undone.`}>
    <label class="check"><input type="checkbox" checked=${force} onChange=${(e) => setForce(e.target.checked)} />
      ${' '}Also cancel what is in progress (force)</label></${Confirm}>`;
}

function Delete({id, counts, onClose}) {
  const all = Object.values(counts).reduce((a, b) => a + b, 0);
  return html`<${Confirm} title=${`Delete ${id}`} verb="Delete the job" danger onClose=${onClose}
    act=${() => send('DELETE', at`/jobs/${id}` + '?force=true')}
    what=${`The job and its ${counted(all, 'execution')} are deleted, with what they tell of the devices. This cannot be undone.`} />`;
}

const dialogs = {pause: Pause, resume: Resume, approve: Approve, retry: Retry, cancel: Cancel, delete: Delete};
