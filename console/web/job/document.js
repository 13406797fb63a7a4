// The document that a job sends.
import {html} from '../html.js';
import {at, get} from '../api.js';
import {useLoad} from '../data.js';
import {Section} from '../parts/page.js';
import {Loading, Problem} from '../parts/notice.js';

export function Document({id}) {
  const {data, error, reload} = useLoad((signal) => get(at`/jobs/${id}/job-document`, {}, {signal}), [id]);
  return html`<${Section} title="Document">
    <${Problem} error=${error} retry=${reload} />
    ${data ? html`<pre tabindex="0" aria-label="Job document">${pretty(data.document)}</pre>` : !error && html`<${Loading} />`}
  </${Section}>`;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
