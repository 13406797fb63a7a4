// Templates of jobs: one's own, and those that come with the server.
import {html} from '../html.js';
import {at, get} from '../api.js';
import {useLoad, usePages} from '../data.js';
import {href} from '../router.js';
import {Facts, Page, Section} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Loading, Problem} from '../parts/notice.js';
import {Time} from '../parts/time.js';

export default function Templates({route}) {
  const {own: name, managed} = route.query;
  const own = usePages(async (token, signal) => {
    const answer = await get('/job-templates', {maxResults: 50, nextToken: token}, {signal});
    return {items: answer.jobTemplates, next: answer.nextToken};
  }, []);
  const theirs = usePages(async (token, signal) => {
    const answer = await get('/managed-job-templates', {maxResults: 50, nextToken: token}, {signal});
    return {items: answer.managedJobTemplates, next: answer.nextToken};
  }, []);
  return html`<${Page} title="Templates">
    ${(name || managed) && html`<${Details} key=${name ?? managed} path=${name ? at`/job-templates/${name}` : at`/managed-job-templates/${managed}`} title=${name ?? managed} />`}
    <${Section} title="Of this server"><${Table} caption="Templates of this server" pages=${own} keyOf=${(t) => t.jobTemplateId}
      empty=${html`<p class="quiet">None. One is made of a job or of a document: <code>drover iot create-job-template help</code>.</p>`}
      columns=${[
        {title: 'Template', cell: (t) => html`<a href=${href(['templates'], {own: t.jobTemplateId})}>${t.jobTemplateId}</a>`},
        {title: 'Description', cell: (t) => t.description ?? ''},
        {title: 'Created', wide: true, cell: (t) => html`<${Time} at=${t.createdAt} />`},
      ]} /></${Section}>
    <${Section} title="That come with the server"><${Table} caption="Templates that come with the server" pages=${theirs} keyOf=${(t) => t.templateName}
      columns=${[
        {title: 'Template', cell: (t) => html`<a href=${href(['templates'], {managed: t.templateName})}>${t.templateName}</a>`},
        {title: 'Description', cell: (t) => t.description ?? ''},
        {title: 'Version', wide: true, cell: (t) => t.templateVersion},
      ]} /></${Section}>
  </${Page}>`;
}

function Details({path, title}) {
  const {data, error, reload} = useLoad((signal) => get(path, {}, {signal}), [path]);
  if (!data) return error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`;
  return html`<${Section} title=${title} actions=${html`<a class="button" href="#/templates">Close</a>`}>
    <p>${data.description}</p>
    <${Facts} facts=${(data.documentParameters ?? []).map((p) => [p.key + (p.optional ? ' (optional)' : ''), `${p.description ?? ''}${p.example ? ` For example: ${p.example}` : ''}`])} />
    ${data.document && html`<pre tabindex="0" aria-label="Document of the template">${data.document}</pre>`}
  </${Section}>`;
}
