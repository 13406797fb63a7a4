// The list of jobs, newest first, with their progress while it happens.
import {html, useEffect, useRef, useState} from '../html.js';
import {get} from '../api.js';
import {may} from '../session.js';
import {href, setQuery} from '../router.js';
import {useDelayed, useLive, usePages} from '../data.js';
import {describe, progress} from '../jobs.js';
import {Page} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Bar, Status, words} from '../parts/status.js';
import {Field} from '../parts/field.js';
import {Empty} from '../parts/notice.js';
import {Time} from '../parts/time.js';
import {count, percent} from '../parts/number.js';

const statuses = ['SCHEDULED', 'IN_PROGRESS', 'COMPLETED', 'CANCELED', 'DELETION_IN_PROGRESS'];

export default function Jobs({session, route}) {
  const {status, search = ''} = route.query;
  const wanted = useDelayed(search.trim().toLowerCase());
  const pages = usePages(async (token, signal) => {
    const answer = await get('/jobs', {status, maxResults: 50, nextToken: token}, {signal});
    return {items: answer.jobs, next: answer.nextToken};
  }, [status]);
  const live = useCounts(pages.items, pages.reload);
  const shown = pages.items.filter((j) => j.jobId.toLowerCase().includes(wanted));
  const create = may(session, 'operator') && html`<a class="button primary" href="#/create-job">Create a job</a>`;
  return html`<${Page} title="Jobs" actions=${create}>
    <form class="filters" role="search" onSubmit=${(e) => e.preventDefault()}>
      <${Field} label="Search" kind="search" placeholder="part of a job id" value=${search}
        onInput=${(text) => setQuery({search: text})} />
      <${Field} label="Status" kind="select" value=${status ?? ''}
        options=${[{value: '', title: 'all'}, ...statuses.map((s) => ({value: s, title: words(s)}))]}
        onInput=${(value) => setQuery({status: value})} />
    </form>
    <${Table} caption="Jobs, newest first" pages=${{...pages, items: shown}} keyOf=${(j) => j.jobId}
      empty=${html`<${Nothing} filtered=${status || wanted} more=${pages.more} />`}
      columns=${[
        {title: 'Job', cell: (j) => html`<a href=${href(['jobs', j.jobId])}>${j.jobId}</a>`},
        {title: 'Status', cell: (j) => html`<${Status} status=${statusOf(j, live[j.jobId])} />`},
        {title: 'Progress', cell: (j) => html`<${Progress} of=${live[j.jobId]} />`},
        {title: 'Failed', number: true, cell: (j) => html`<${Failed} of=${live[j.jobId]} />`},
        {title: 'Created', wide: true, cell: (j) => html`<${Time} at=${j.createdAt} />`},
        {title: 'Changed', wide: true, cell: (j) => html`<${Time} at=${j.lastUpdatedAt} relative />`},
      ]} />
  </${Page}>`;
}

// statusOf is the status of a job of the list; what was heard since is newer.
const statusOf = (job, heard) => heard?.paused ? 'PAUSED' : heard?.status ?? job.status;

// useCounts asks for the counts of each job of the list once, and then hears of their changes. reload
// is called when the list itself has changed.
function useCounts(jobs, reload) {
  const [known, setKnown] = useState({});
  const ids = jobs.map((j) => j.jobId).filter((id) => !known[id]);
  useEffect(() => {
    const aborter = new AbortController();
    for (const id of ids) {
      describe(id, aborter.signal).then(
        (job) => setKnown((k) => ({...k, [id]: {status: job.status, ...progress(job)}})),
        () => {}); // it may be deleted by now; its line stays without numbers
    }
    return () => aborter.abort();
  }, [ids.join(' ')]);
  const seen = useRef(false);
  useLive('jobs', ({jobs: changed = [], deleted = [], first}) => {
    // Whoever comes back has missed what has happened meanwhile, and jobs that the list does not have
    // are new.
    const strange = changed.some((j) => !known[j.jobId] && !ids.includes(j.jobId));
    if (seen.current && (first || deleted.length > 0 || strange)) reload();
    seen.current = true;
    setKnown((k) => ({
      ...k,
      ...Object.fromEntries(changed.map((j) => [j.jobId, {status: j.status, paused: j.paused, ...progress(j)}])),
    }));
  });
  return known;
}

function Progress({of}) {
  if (!of) return html`<span class="quiet">…</span>`;
  return html`<div class="progress"><${Bar} counts=${of.counts} />
    <span class="small quiet">${count(of.ended)} of ${count(of.released)} ended</span></div>`;
}

function Failed({of}) {
  if (!of?.ended) return html`<span class="quiet">–</span>`;
  const failed = of.counts.FAILED + of.counts.TIMED_OUT + of.counts.REJECTED;
  return failed ? percent(failed / of.ended) : '0';
}

function Nothing({filtered, more}) {
  if (filtered) {
    return html`<${Empty} title="No job matches">
      <p>Search looks at the jobs that are shown${more ? '; show more of them below, or' : ','} take a filter away.</p>
      ${more && html`<button type="button" onClick=${more}>Show more jobs</button>`}
    </${Empty}>`;
  }
  return html`<${Empty} title="There is no job yet">
    <p>A job sends a document to things and follows what they make of it. First there must be a thing:</p>
    <pre tabindex="0">drover iot create-thing --thing-name pump-07</pre>
    <p>Then <a href="#/create-job">create a job</a> for it.</p>
  </${Empty}>`;
}
