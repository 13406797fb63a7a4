// What has happened to a thing, newest first.
import {html, useState} from '../html.js';
import {at, get} from '../api.js';
import {usePages} from '../data.js';
import {href} from '../router.js';
import {Loading, Problem} from './notice.js';
import {Time} from './time.js';

export function Timeline({name, changes}) {
  const [since, setSince] = useState(); // up to when events may be missing
  const {items, error, loading, more, reload} = usePages(async (token, signal) => {
    const answer = await get(at`/_drover/things/${name}/timeline`, {nextToken: token, maxResults: 50}, {signal});
    setSince(answer.completeSince);
    return {items: answer.events, next: answer.nextToken};
  }, [name], changes);
  if (items.length === 0 && loading) return html`<${Loading} />`;
  return html`<${Problem} error=${error} retry=${reload} />
    ${items.length === 0 && !error && html`<p class="quiet">Nothing yet.</p>`}
    <ol class="timeline">${items.map((e, i) => html`<li key=${i}><${Time} at=${e.at} />
      <span>${e.text}${e.jobId && html` <a href=${href(['jobs', e.jobId])}>${e.jobId}</a>`}</span></li>`)}</ol>
    ${since && html`<p class="hint">Not everything was looked at: what happened before <${Time} at=${since} /> may be missing.</p>`}
    ${more && html`<p class="more"><button type="button" disabled=${loading} onClick=${more}>Show older</button></p>`}`;
}
