// One job.
import {html} from '../html.js';
import {useLoad} from '../data.js';
import {describe, progress} from '../jobs.js';
import {href} from '../router.js';
import {Page, Section, Facts} from '../parts/page.js';
import {Bar, Legend, Status} from '../parts/status.js';
import {Loading, Problem} from '../parts/notice.js';
import {Time} from '../parts/time.js';

export default function Job({names: [id]}) {
  const {data: job, error, reload} = useLoad((signal) => describe(id, signal), [id]);
  const trail = [{title: 'Jobs', href: '#/jobs'}];
  if (!job) {
    return html`<${Page} title=${id} trail=${trail}>
      ${error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`}</${Page}>`;
  }
  const {counts} = progress(job);
  return html`<${Page} title=${id} trail=${trail}>
    <${Section} title="Progress">
      <${Bar} counts=${counts} />
      <${Legend} counts=${counts} link=${(s) => href(['jobs', id], {tab: 'executions', status: s})} />
    </${Section}>
    <${Section} title="About">
      <${Facts} facts=${[
        ['Status', html`<${Status} status=${job.status} />`],
        ['Description', job.description],
        ['Created', html`<${Time} at=${job.createdAt} />`],
      ]} />
    </${Section}>
  </${Page}>`;
}
