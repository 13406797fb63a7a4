// One job: its tabs, and what all of them need. The tabs are in job/.
import {html, useEffect, useState} from '../html.js';
import {at, get} from '../api.js';
import {useLive, useLoad} from '../data.js';
import {describe} from '../jobs.js';
import {href} from '../router.js';
import {Page, Tabs} from '../parts/page.js';
import {Loading, Problem} from '../parts/notice.js';
import {Status} from '../parts/status.js';
import {announce} from '../parts/announce.js';
import {Actions} from '../job/actions.js';
import {Overview} from '../job/overview.js';
import {Executions} from '../job/executions.js';
import {Failures} from '../job/failures.js';
import {Configuration} from '../job/configuration.js';
import {Document} from '../job/document.js';
import {History} from '../job/history.js';

const tabs = [
  ['overview', 'Overview', Overview],
  ['executions', 'Executions', Executions],
  ['failures', 'Failures', Failures],
  ['configuration', 'Configuration', Configuration],
  ['document', 'Document', Document],
  ['history', 'History', History],
];

export default function Job({session, names: [id], route}) {
  const job = useLoad((signal) => describe(id, signal), [id]);
  const steering = useLoad((signal) => get(at`/_drover/jobs/${id}/steering`, {}, {signal}), [id]);
  const changed = useChanges(id, () => { job.reload(); steering.reload(); });
  const trail = [{title: 'Jobs', href: '#/jobs'}];
  const error = job.error ?? steering.error;
  if (!job.data || !steering.data) {
    return html`<${Page} title=${id} trail=${trail}>
      ${error ? html`<${Problem} error=${error} retry=${() => { job.reload(); steering.reload(); }} />` : html`<${Loading} />`}</${Page}>`;
  }
  const tab = tabs.find(([name]) => name === route.query.tab) ?? tabs[0];
  const shared = {session, id, job: job.data, steering: steering.data, changed, route};
  const reload = () => { job.reload(); steering.reload(); };
  return html`<${Page} title=${id} trail=${trail} actions=${html`<${Actions} ...${shared} reload=${reload} />`}>
    <p class="summary"><${Status} status=${statusOf(job.data, steering.data)} />
      ${job.data.description && html` <span class="quiet">${job.data.description}</span>`}</p>
    <${Tabs} label="Parts of the job" tabs=${tabs.map(([name, title]) => ({
      title, href: href(['jobs', id], name === 'overview' ? {} : {tab: name}), current: name === tab[0],
    }))} />
    <${tab[2]} ...${shared} />
  </${Page}>`;
}

// statusOf is the status of a job, with that it is paused.
function statusOf(job, {settings}) {
  const active = job.status === 'IN_PROGRESS' || job.status === 'SCHEDULED';
  return active && settings.paused !== undefined ? 'PAUSED' : job.status;
}

// useChanges calls reload when the server says that a job has changed, and returns a number that
// grows with that. A screen reader hears of a new status.
function useChanges(id, reload) {
  const [heard, setHeard] = useState({count: 0});
  useLive(`job:${id}`, (event) => setHeard(({count}) => ({count: count + 1, status: event.paused ? 'paused' : event.status})));
  useEffect(() => {
    if (heard.count > 0) reload();
  }, [heard.count]);
  useEffect(() => {
    if (heard.count > 1) announce(`Job ${id} is ${heard.status?.toLowerCase().replaceAll('_', ' ')}`);
  }, [heard.status]);
  return heard.count;
}
