// The groups of fields that creating and updating a job share. Each is given the draft and set, which
// changes members of it.
import {html} from '../html.js';
import {Field} from '../parts/field.js';
import {words} from '../parts/status.js';

const option = (value) => ({value, title: words(value)});

// Rollout asks how fast the job is released.
export function Rollout({draft, set}) {
  const {rollout} = draft;
  const change = (members) => set({rollout: {...rollout, ...members}});
  return html`<${Field} label="Pace" kind="select" value=${rollout.pace} onInput=${(pace) => change({pace})} options=${[
      {value: 'all', title: 'all at once (at most 1000 a minute)'},
      {value: 'constant', title: 'a number of things a minute'},
      {value: 'exponential', title: 'slowly first, then faster'},
    ]} />
    ${rollout.pace !== 'all' && html`<${Field} label=${rollout.pace === 'constant' ? 'Things per minute' : 'At most per minute'}
      value=${rollout.perMinute} inputmode="numeric" onInput=${(perMinute) => change({perMinute})} hint="1 to 1000" />`}
    ${rollout.pace === 'exponential' && html`<div class="columns">
      <${Field} label="Begin with per minute" value=${rollout.base} inputmode="numeric" onInput=${(base) => change({base})} hint="1 to 1000" />
      <${Field} label="Multiply by" value=${rollout.factor} inputmode="decimal" onInput=${(factor) => change({factor})} hint="1.1 to 5" />
      <${Field} label="each time this many things more" value=${rollout.every} inputmode="numeric" onInput=${(every) => change({every})} />
      <${Field} label="have" kind="select" value=${rollout.by} onInput=${(by) => change({by})}
        options=${[{value: 'succeeded', title: 'succeeded'}, {value: 'notified', title: 'been notified'}]} />
    </div>`}`;
}

// Abort asks when the job ends by itself because of failures.
export function Abort({draft, set}) {
  const change = (abort) => set({abort});
  return html`<${List} items=${draft.abort} change=${change} add="Add an abort criterion" none="The job is not canceled, whatever fails."
    fresh=${() => ({failureType: 'FAILED', threshold: '10', least: '20'})}
    row=${(c, edit) => html`
      <${Field} label="When executions that are" kind="select" value=${c.failureType} options=${['FAILED', 'REJECTED', 'TIMED_OUT', 'ALL'].map(option)}
        onInput=${(failureType) => edit({failureType})} />
      <${Field} label="are this share of what has ended, in percent" value=${c.threshold} inputmode="decimal" onInput=${(threshold) => edit({threshold})} />
      <${Field} label="and at least this many have ended" value=${c.least} inputmode="numeric" onInput=${(least) => edit({least})} />`} />`;
}

// Retries asks how often a thing tries again.
export function Retries({draft, set}) {
  const change = (retries) => set({retries});
  return html`<${List} items=${draft.retries} change=${change} add="Add retries" none="No attempt is repeated." most=${2}
    fresh=${() => ({failureType: draft.retries.some((r) => r.failureType === 'FAILED') ? 'TIMED_OUT' : 'FAILED', times: '2'})}
    row=${(c, edit) => html`
      <${Field} label="After attempts that are" kind="select" value=${c.failureType} options=${['FAILED', 'TIMED_OUT', 'ALL'].map(option)}
        onInput=${(failureType) => edit({failureType})} />
      <${Field} label="try again at most this often" value=${c.times} inputmode="numeric" onInput=${(times) => edit({times})} hint="0 to 10" />`} />`;
}

// Timeout asks how long an attempt may be in progress.
export function Timeout({draft, set}) {
  return html`<${Field} label="Minutes that an attempt may be in progress" value=${draft.timeout} inputmode="numeric"
    onInput=${(timeout) => set({timeout})} hint="1 to 10080. Empty: any time." />`;
}

// Presign asks how URLs in the document are signed.
export function Presign({draft, set}) {
  const change = (members) => set({presign: {...draft.presign, ...members}});
  return html`<div class="columns">
    <${Field} label="Role that signs URLs in the document" value=${draft.presign.roleArn} onInput=${(roleArn) => change({roleArn})}
      hint="The ARN of a role. Needed only when the document has a placeholder for an object of an S3 store; the artifacts of this server need none." />
    <${Field} label="Seconds that a URL holds" value=${draft.presign.expiresInSec} inputmode="numeric"
      onInput=${(expiresInSec) => change({expiresInSec})} hint="60 to 3600" />
  </div>`;
}

// Schedule asks when the job begins, ends, and may be done.
export function Schedule({draft, set}) {
  const {schedule} = draft;
  const change = (members) => set({schedule: {...schedule, ...members}});
  return html`<div class="columns">
      <${Field} label="Begin (UTC)" value=${schedule.startTime} placeholder="2026-12-24 18:00" onInput=${(startTime) => change({startTime})} hint="YYYY-MM-DD HH:MM. Empty: now." />
      <${Field} label="End (UTC)" value=${schedule.endTime} placeholder="2026-12-31 18:00" onInput=${(endTime) => change({endTime})} hint="Empty: when all is done." />
      ${schedule.endTime && html`<${Field} label="What is left then" kind="select" value=${schedule.endBehavior} onInput=${(endBehavior) => change({endBehavior})}
        options=${[{value: '', title: 'is no longer released'}, {value: 'CANCEL', title: 'is canceled'}, {value: 'FORCE_CANCEL', title: 'is canceled, in progress or not'}]} />`}
    </div>
    <h3>Maintenance windows</h3>
    <${List} items=${schedule.windows} change=${(windows) => change({windows})} add="Add a window" none="Things may do the job at any time."
      fresh=${() => ({startTime: 'cron(0 2 ? * * *)', minutes: '120'})}
      row=${(w, edit) => html`<${Field} label="Opens (cron, UTC)" value=${w.startTime} onInput=${(startTime) => edit({startTime})} hint="minute hour day month weekday year" />
        <${Field} label="for minutes" value=${w.minutes} inputmode="numeric" onInput=${(minutes) => edit({minutes})} hint="1 to 1430" />`} />`;
}

// the settings of steering, with what they ask for
const steering = [
  ['guard', 'Guard', 'FAILED 5pct settle=30m', 'Stops the job on evidence that more fail than the rate, and lets good releases through.'],
  ['waves', 'Waves', 'group=canary soak=1h ok=98pct / 5pct soak=2h / 100pct', 'What is released before the job waits at a gate.'],
  ['max-outstanding', 'At most at a time', '50', 'Things that have the job and have not ended it.'],
  ['abort', 'Instead of canceling', '', 'What an abort criterion does.', ['', 'pause', 'observe']],
  ['confirm', 'Confirm within', '15m', 'A thing that succeeded counts when it is heard of again in this time.'],
  ['retry-backoff', 'Wait before retries', '10m/12h', 'The first wait and the longest; each is twice the one before.'],
];

// Steering asks for the settings that no other server has.
export function Steering({draft, set}) {
  const change = (name) => (value) => set({settings: {...draft.settings, [name]: value}});
  return html`${steering.map(([name, label, example, hint, options]) => html`<${Field} key=${name} label=${label} hint=${hint}
    kind=${options ? 'select' : 'text'} placeholder=${example} value=${draft.settings[name] ?? ''} onInput=${change(name)}
    options=${options?.map((o) => ({value: o, title: o || 'cancel'}))} />`)}`;
}

// List edits a list of items: each in a row, with buttons to add and to take away.
function List({items, change, row, fresh, add, none, most = 16}) {
  const edit = (i) => (members) => change(items.map((item, at) => at === i ? {...item, ...members} : item));
  return html`${items.length === 0 && html`<p class="quiet">${none}</p>`}
    ${items.map((item, i) => html`<div class="row" key=${i}>${row(item, edit(i))}
      <button type="button" onClick=${() => change(items.filter((_, at) => at !== i))}>Remove</button></div>`)}
    ${items.length < most && html`<button type="button" onClick=${() => change([...items, fresh()])}>${add}</button>`}`;
}
