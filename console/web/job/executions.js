// The executions of a job, every attempt as its own line.
import {html} from '../html.js';
import {at, get} from '../api.js';
import {usePages} from '../data.js';
import {href, setQuery} from '../router.js';
import {targetName} from '../jobs.js';
import {Section} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Field} from '../parts/field.js';
import {Status, statuses, words} from '../parts/status.js';
import {Time} from '../parts/time.js';

export function Executions({id, route}) {
  const {status} = route.query;
  const pages = usePages(async (token, signal) => {
    const answer = await get(at`/jobs/${id}/things`, {status, maxResults: 100, nextToken: token}, {signal});
    return {items: answer.executionSummaries, next: answer.nextToken};
  }, [id, status]);
  return html`<${Section} title="Executions" actions=${html`<button type="button" onClick=${pages.reload}>Refresh</button>`}>
    <div class="filters"><${Field} label="Status" kind="select" value=${status ?? ''}
      options=${[{value: '', title: 'all'}, ...statuses.map((s) => ({value: s, title: words(s)}))]}
      onInput=${(value) => setQuery({status: value || undefined})} /></div>
    <${Table} caption="Executions of the job" pages=${pages}
      keyOf=${(e) => e.thingArn + e.jobExecutionSummary.executionNumber}
      empty=${html`<p class="quiet">${status ? `No execution is ${words(status)}.` : 'No execution was created yet.'}</p>`}
      columns=${[
        {title: 'Thing', cell: ({thingArn}) => html`<a href=${href(['things', targetName(thingArn)], {job: id})}>${targetName(thingArn)}</a>`},
        {title: 'Status', cell: ({jobExecutionSummary: s}) => html`<${Status} status=${s.status} />`},
        {title: 'Attempt', number: true, wide: true, cell: ({jobExecutionSummary: s}) => (s.retryAttempt ?? 0) + 1},
        {title: 'Queued', wide: true, cell: ({jobExecutionSummary: s}) => html`<${Time} at=${s.queuedAt} />`},
        {title: 'Started', wide: true, cell: ({jobExecutionSummary: s}) => html`<${Time} at=${s.startedAt} />`},
        {title: 'Updated', cell: ({jobExecutionSummary: s}) => html`<${Time} at=${s.lastUpdatedAt} relative />`},
      ]} />
  </${Section}>`;
}
