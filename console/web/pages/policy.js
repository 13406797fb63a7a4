// One policy: its document and versions, what it is attached to, and what it allows.
import {html, useState} from '../html.js';
import {at, get, send} from '../api.js';
import {may} from '../session.js';
import {go, href} from '../router.js';
import {useLoad} from '../data.js';
import {Page, Section} from '../parts/page.js';
import {Confirm} from '../parts/dialog.js';
import {Field} from '../parts/field.js';
import {Loading, Problem} from '../parts/notice.js';
import {Simulator} from '../parts/simulator.js';
import {Time} from '../parts/time.js';

export default function Policy({session, names: [name]}) {
  const {data, error, reload} = useLoad(async (signal) => {
    const [policy, {policyVersions}, {targets}] = await Promise.all([
      get(at`/policies/${name}`, {}, {signal}), get(at`/policies/${name}/version`, {}, {signal}),
      send('POST', at`/policy-targets/${name}`, undefined, {signal}),
    ]);
    return {policy, versions: policyVersions, targets};
  }, [name]);
  const trail = [{title: 'Policies', href: '#/policies'}];
  if (!data) {
    return html`<${Page} title=${name} trail=${trail}>${error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`}</${Page}>`;
  }
  const document = pretty(data.policy.policyDocument);
  return html`<${Page} title=${name} trail=${trail} actions=${html`<${Actions} session=${session} name=${name} document=${document} targets=${data.targets} reload=${reload} />`}>
    <${Problem} error=${error} retry=${reload} />
    <${Section} title=${`Document, version ${data.policy.defaultVersionId}`}><pre tabindex="0" aria-label="Policy document">${document}</pre></${Section}>
    <div class="columns">
      <${Section} title="Versions"><ul class="plain-list">${data.versions.map((v) => html`<li key=${v.versionId}>${v.versionId} ${v.isDefaultVersion && html`<span class="badge">in force</span>`}
        <span class="quiet"> <${Time} at=${v.createDate} /></span></li>`)}</ul></${Section}>
      <${Section} title="Attached to">${data.targets.length === 0 ? html`<p class="quiet">Nothing.</p>` : html`<ul class="plain-list">
        ${data.targets.map((arn) => html`<li key=${arn}><${Target} arn=${arn} /></li>`)}</ul>`}</${Section}>
    </div>
    <${Section} title="What does it allow?"><${Simulator} session=${session} policy=${name} /></${Section}>
  </${Page}>`;
}

function Target({arn}) {
  const [, kind, name] = /:(cert|thinggroup)\/(.*)$/.exec(arn) ?? [undefined, '', arn];
  if (!kind) return arn;
  return html`<a href=${href([kind === 'cert' ? 'certificates' : 'groups', name])}>${kind === 'cert' ? `certificate ${name.slice(0, 16)}…` : `group ${name}`}</a>`;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Actions({session, name, document, targets, reload}) {
  const [open, setOpen] = useState();
  const [text, setText] = useState(document);
  if (!may(session, 'admin')) return null;
  const close = (done) => {
    setOpen();
    if (done && open === 'delete') go(['policies']);
    else if (done) reload();
  };
  return html`<button type="button" class="primary" onClick=${() => { setText(document); setOpen('change'); }}>New version</button>
    <button type="button" class="danger" onClick=${() => setOpen('delete')}>Delete</button>
    ${open === 'change' && html`<${Confirm} title=${`New version of ${name}`} verb="Put in force" onClose=${close}
      what=${`It concerns what is connected by ${targets.length} targets, from five seconds after it at the latest.`}
      act=${() => send('POST', at`/policies/${name}/version` + '?setAsDefault=true', {policyDocument: text})}>
      <${Field} label="Document" kind="area" value=${text} onInput=${setText} /></${Confirm}>`}
    ${open === 'delete' && html`<${Confirm} title=${`Delete ${name}`} verb="Delete the policy" danger onClose=${close}
      what="Only one that is attached to nothing and has one version can be deleted." act=${() => send('DELETE', at`/policies/${name}`)} />`}`;
}
