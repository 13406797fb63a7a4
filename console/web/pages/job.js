// One job: its tabs, and what all of them need. The tabs are in job/.
import {html, useEffect, useRef, useState} from '../html.js';
import {ApiError, at, get} from '../api.js';
import {useLive, useLoad} from '../data.js';
import {describe} from '../jobs.js';
import {href} from '../router.js';
import {Page, Tabs} from '../parts/page.js';
import {Loading, Problem} from '../parts/notice.js';
import {Status, words} from '../parts/status.js';
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
  const {data, error, changed, reload} = useJob(id);
  const trail = [{title: 'Jobs', href: '#/jobs'}];
  if (!data) {
    return html`<${Page} title=${id} trail=${trail}>
      ${error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`}</${Page}>`;
  }
  const {job, steering} = data;
  const tab = tabs.find(([name]) => name === route.query.tab) ?? tabs[0];
  const shared = {session, id, job, steering, changed, route};
  return html`<${Page} title=${id} trail=${trail} actions=${html`<${Actions} ...${shared} reload=${reload} />`}>
    <p class="summary"><${Status} status=${statusOf(job, steering)} />
      ${job.description && html` <span class="quiet">${job.description}</span>`}</p>
    <${Problem} error=${error} />
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

// useJob is a job and its steering as they are now: {data, error, changed, reload}. changed counts
// the changes that were heard of or missed. A screen reader hears of a new status.
function useJob(id) {
  const events = useRef(0); // how many were heard
  const read = useLoad(async (signal) => {
    const after = events.current;
    const [job, steering] = await Promise.all([describe(id, signal), get(at`/_drover/jobs/${id}/steering`, {}, {signal})]);
    return {job, steering, after};
  }, [id]);
  const [heard, setHeard] = useState({number: 0, changed: 0});
  useLive(`job:${id}`, ({job, steering, first, missed}) => {
    const number = ++events.current;
    setHeard(({changed}) => ({
      number, data: job && {job, steering}, gone: !job, changed: first && !missed ? changed : changed + 1,
    }));
  });
  // What was heard since the reading began is shown: if it is older, the next event is on its way.
  const data = heard.data && !(read.data?.after >= heard.number) ? heard.data : read.data;
  const status = data && statusOf(data.job, data.steering);
  useEffect(() => {
    if (heard.changed > 0) announce(`Job ${id} is ${words(status)}`);
  }, [status]);
  return {
    data, changed: heard.changed, reload: read.reload,
    error: heard.gone ? new ApiError(404, '', 'The job was deleted.') : read.error,
  };
}
