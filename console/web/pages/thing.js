// One thing: what it is, whether it is connected, its executions, and why it does not update.
import {html, useState} from '../html.js';
import {at, get, send} from '../api.js';
import {may} from '../session.js';
import {go, href, setQuery} from '../router.js';
import {useLive, useLoad, usePages} from '../data.js';
import {Facts, Page, Section} from '../parts/page.js';
import {Connection} from '../parts/connection.js';
import {Confirm} from '../parts/dialog.js';
import {Loading, Problem} from '../parts/notice.js';
import {Reasons} from '../parts/reasons.js';
import {Status, words} from '../parts/status.js';
import {Table} from '../parts/table.js';
import {Time} from '../parts/time.js';
import {Timeline} from '../parts/timeline.js';
import {counted} from '../parts/number.js';

export default function Thing({session, names: [name], route}) {
  const {data, error, reload} = useLoad((signal) => load(name, signal), [name]);
  const [changes, setChanges] = useState(0);
  const [now, setNow] = useState({}); // its connection, and whether it is held
  useLive(`thing:${name}`, ({hold, connectivity, first}) => {
    setNow({hold, connectivity});
    if (!first) setChanges((n) => n + 1);
  });
  const trail = [{title: 'Things', href: '#/things'}];
  if (!data) {
    return html`<${Page} title=${name} trail=${trail}>
      ${error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`}</${Page}>`;
  }
  const again = () => { reload(); setChanges((n) => n + 1); };
  return html`<${Page} title=${name} trail=${trail} actions=${html`<${Actions} session=${session} name=${name} hold=${now.hold} reload=${again} />`}>
    ${now.hold && html`<p class="warnings">Held since <${Time} at=${now.hold.since} />: ${now.hold.reason}.
      ${now.hold.until ? html` Until <${Time} at=${now.hold.until} />.` : ' Until it is released.'}</p>`}
    <div class="columns">
      <${Section} title="Why is it not updating?"><${Why} name=${name} job=${route.query.job} changes=${changes} /></${Section}>
      <${About} data=${data} connectivity=${now.connectivity} />
    </div>
    <${Section} title="Executions"><${Executions} name=${name} changes=${changes} /></${Section}>
    <${Section} title="Timeline"><${Timeline} name=${name} changes=${changes} /></${Section}>
  </${Page}>`;
}

// load reads what the page shows of a thing and is not told of.
async function load(name, signal) {
  const [thing, {thingGroups: groups}, {principals}] = await Promise.all([
    get(at`/things/${name}`, {}, {signal}),
    get(at`/things/${name}/thing-groups`, {maxResults: 50}, {signal}),
    get(at`/things/${name}/principals`, {}, {signal}),
  ]);
  return {thing, groups, principals: principals ?? []};
}

function About({data: {thing, groups, principals}, connectivity}) {
  return html`<${Section} title="About"><${Facts} facts=${[
    ['Connection', html`<${Connection} of=${connectivity} />`],
    ['Type', thing.thingTypeName],
    ['Billing group', thing.billingGroupName],
    ['Version', thing.version],
    ['Groups', groups.length > 0 && html`<ul class="plain-list">${groups.map((g) => html`<li key=${g.groupName}><a href=${href(['groups', g.groupName])}>${g.groupName}</a></li>`)}</ul>`],
    ['Certificates', principals.length > 0 && html`<ul class="plain-list">${principals.map((p) => html`<li key=${p}><a href=${href(['certificates', p.split('/').at(-1)])}><code>${p.split('/').at(-1).slice(0, 16)}…</code></a></li>`)}</ul>`],
    ...Object.entries(thing.attributes ?? {}).map(([key, value]) => [`attribute ${key}`, value]),
  ]} /></${Section}>`;
}

// Why asks about one job, or about the one that is next.
function Why({name, job, changes}) {
  const {data, error, reload} = useLoad((signal) => get(at`/_drover/things/${name}/explain`, {jobId: job}, {signal}), [name, job, changes]);
  if (!data) return error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`;
  return html`${data.jobId ? html`<p>Job <a href=${href(['jobs', data.jobId])}>${data.jobId}</a>
      ${data.status && html`: <${Status} status=${data.status} />`}
      ${job && html` <button type="button" class="plain" onClick=${() => setQuery({job: undefined})}>Ask about the next job</button>`}</p>`
    : html`<p class="quiet">No job is to come to this thing.</p>`}
    <${Reasons} explanation=${data} />`;
}

function Executions({name, changes}) {
  const pages = usePages(async (token, signal) => {
    const answer = await get(at`/things/${name}/jobs`, {maxResults: 25, nextToken: token}, {signal});
    return {items: answer.executionSummaries, next: answer.nextToken};
  }, [name, changes]);
  return html`<${Table} caption="Executions of the thing, newest first" pages=${pages} keyOf=${(e) => e.jobId + e.jobExecutionSummary.executionNumber}
    empty=${html`<p class="quiet">No job has come to this thing yet.</p>`}
    columns=${[
      {title: 'Job', cell: (e) => html`<a href=${href(['jobs', e.jobId])}>${e.jobId}</a>`},
      {title: 'Status', cell: ({jobExecutionSummary: s}) => html`<${Status} status=${s.status} />`},
      {title: 'Attempt', number: true, wide: true, cell: ({jobExecutionSummary: s}) => (s.retryAttempt ?? 0) + 1},
      {title: 'Queued', wide: true, cell: ({jobExecutionSummary: s}) => html`<${Time} at=${s.queuedAt} />`},
      {title: 'Updated', cell: ({jobExecutionSummary: s}) => html`<${Time} at=${s.lastUpdatedAt} relative />`},
      {title: '', cell: (e) => html`<a href=${href(['things', name], {job: e.jobId})} aria-label=${`Why is ${e.jobId} ${words(e.jobExecutionSummary.status)}?`}>why?</a>`},
    ]} />`;
}

function Actions({session, name, hold, reload}) {
  const [open, setOpen] = useState();
  if (!may(session, 'operator')) return null;
  const close = (done) => {
    setOpen(undefined);
    if (done && open === 'delete') go(['things']);
    else if (done) reload();
  };
  return html`
    ${hold ? html`<button type="button" class="primary" onClick=${() => setOpen('release')}>Release</button>`
      : html`<button type="button" onClick=${() => setOpen('hold')}>Hold</button>`}
    <button type="button" class="danger" onClick=${() => setOpen('delete')}>Delete</button>
    ${open === 'hold' && html`<${Confirm} title=${`Hold ${name}`} verb="Hold" reason="Why" onClose=${close}
      act=${(why) => send('PUT', at`/_drover/things/${name}/hold`, {reason: why || 'held in the console'})}
      what=${`It concerns ${counted(1, 'device')}: what is queued for it is hidden until it is released. What is in progress goes on.`} />`}
    ${open === 'release' && html`<${Confirm} title=${`Release ${name}`} verb="Release" onClose=${close}
      act=${() => send('DELETE', at`/_drover/things/${name}/hold`)} what="It concerns 1 device: it sees again what is queued for it." />`}
    ${open === 'delete' && html`<${Confirm} title=${`Delete ${name}`} verb="Delete the thing" danger onClose=${close}
      act=${() => send('DELETE', at`/things/${name}`)} what="It concerns 1 device: its executions end, and it leaves its groups. This cannot be undone." />`}`;
}
