// The configuration of a job, as the API shows it, and the settings that steer it.
import {html} from '../html.js';
import {may} from '../session.js';
import {href} from '../router.js';
import {flatten} from '../parts/flatten.js';
import {Facts, Section} from '../parts/page.js';

const members = {
  jobExecutionsRolloutConfig: 'Rollout', abortConfig: 'Abort', timeoutConfig: 'Timeout',
  jobExecutionsRetryConfig: 'Retries', schedulingConfig: 'Schedule', presignedUrlConfig: 'Presigned URLs',
  documentParameters: 'Parameters of the document', destinationPackageVersions: 'Package versions',
};

export function Configuration({session, id, job, steering}) {
  const change = may(session, 'operator') && html`<a class="button" href=${href(['update-job', id])}>Change</a>`;
  const settings = Object.entries(steering.settings);
  return html`<${Section} title="Steering" actions=${change}>
      ${settings.length > 0 ? html`<${Facts} facts=${settings.map(([name, value]) => [name, html`<code>${value || '(empty)'}</code>`])} />`
        : html`<p class="quiet">No setting steers this job.</p>`}
    </${Section}>
    ${Object.entries(members).map(([member, title]) => html`<${Section} key=${member} title=${title}><${Value} value=${job[member]} /></${Section}>`)}`;
}

// Value shows a configuration as names and values.
function Value({value}) {
  const facts = flatten(value);
  return facts.length > 0 ? html`<${Facts} facts=${facts} />` : html`<p class="quiet">Not set.</p>`;
}
