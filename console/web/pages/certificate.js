// One certificate: whether it may connect, which thing it is of, what its policies are.
import {html, useState} from '../html.js';
import {at, get, send} from '../api.js';
import {may} from '../session.js';
import {go, href} from '../router.js';
import {useLoad} from '../data.js';
import {Facts, Page, Section} from '../parts/page.js';
import {Confirm} from '../parts/dialog.js';
import {Field} from '../parts/field.js';
import {Loading, Problem} from '../parts/notice.js';
import {Status, words} from '../parts/status.js';
import {Time} from '../parts/time.js';
import {Simulator} from '../parts/simulator.js';

export default function Certificate({session, names: [id]}) {
  const {data, error, reload} = useLoad((signal) => load(id, signal), [id]);
  const trail = [{title: 'Certificates', href: '#/certificates'}];
  const title = `Certificate ${id.slice(0, 16)}…`;
  if (!data) {
    return html`<${Page} title=${title} trail=${trail}>${error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`}</${Page}>`;
  }
  const {certificate, things, policies} = data;
  return html`<${Page} title=${title} trail=${trail} actions=${html`<${Actions} session=${session} certificate=${certificate} reload=${reload} />`}>
    <${Problem} error=${error} retry=${reload} />
    <div class="columns">
      <${Section} title="About"><${Facts} facts=${[
        ['Status', html`<${Status} status=${certificate.status} />`],
        ['Id', html`<code>${certificate.certificateId}</code>`],
        ['CA', certificate.caCertificateId && html`<code>${certificate.caCertificateId}</code>`],
        ['Valid from', certificate.validity && html`<${Time} at=${certificate.validity.notBefore} />`],
        ['Valid until', certificate.validity && html`<${Time} at=${certificate.validity.notAfter} />`],
        ['Created', html`<${Time} at=${certificate.creationDate} />`],
      ]} /></${Section}>
      <${Section} title="Attached to">
        <h3>Things</h3><${Links} items=${things} route="things" none="No thing: the policy variables of things stay empty." />
        <h3>Policies</h3><${Links} items=${policies.map((p) => p.policyName)} route="policies" none="No policy: a device with it may do nothing." />
      </${Section}>
    </div>
    <${Section} title="What may it do?"><${Simulator} session=${session} principal=${certificate.certificateArn} client=${things[0]} /></${Section}>
    <${Section} title="PEM"><pre tabindex="0" aria-label="The certificate">${certificate.certificatePem}</pre></${Section}>
  </${Page}>`;
}

async function load(id, signal) {
  const {certificateDescription: certificate} = await get(at`/certificates/${id}`, {}, {signal});
  const [{things}, {policies}] = await Promise.all([
    get('/principals/things-v2', {maxResults: 50}, {signal, principal: certificate.certificateArn}).then(
      (answer) => ({things: (answer.principalThingObjects ?? []).map((o) => o.thingName)})),
    send('POST', at`/attached-policies/${certificate.certificateArn}`, undefined, {signal}),
  ]);
  return {certificate, things, policies};
}

function Links({items, route, none}) {
  if (items.length === 0) return html`<p class="quiet">${none}</p>`;
  return html`<ul class="plain-list">${items.map((name) => html`<li key=${name}><a href=${href([route, name])}>${name}</a></li>`)}</ul>`;
}

function Actions({session, certificate, reload}) {
  const [open, setOpen] = useState();
  const [text, setText] = useState('');
  if (!may(session, 'admin')) return null;
  const {certificateId: id, certificateArn: arn, status} = certificate;
  const show = (what) => { setText(''); setOpen(what); };
  const close = (done) => {
    setOpen();
    if (done && open === 'delete') go(['certificates']);
    else if (done) reload();
  };
  const next = status === 'ACTIVE' ? 'INACTIVE' : 'ACTIVE';
  return html`
    <button type="button" onClick=${() => show('thing')}>Attach a thing</button>
    <button type="button" onClick=${() => show('policy')}>Attach a policy</button>
    <button type="button" onClick=${() => show('status')}>${next === 'ACTIVE' ? 'Activate' : 'Deactivate'}</button>
    <button type="button" class="danger" onClick=${() => show('delete')}>Delete</button>
    ${open === 'thing' && html`<${Confirm} title="Attach a thing" verb="Attach" onClose=${close} what="A device with this certificate is then that thing."
      act=${() => send('PUT', at`/things/${text.trim()}/principals`, undefined, {principal: arn})}>
      <${Field} label="Thing" value=${text} onInput=${setText} required /></${Confirm}>`}
    ${open === 'policy' && html`<${Confirm} title="Attach a policy" verb="Attach" onClose=${close} what="A device with this certificate may do what the policy allows."
      act=${() => send('PUT', at`/target-policies/${text.trim()}`, {target: arn})}>
      <${Field} label="Policy" value=${text} onInput=${setText} required /></${Confirm}>`}
    ${open === 'status' && html`<${Confirm} title=${next === 'ACTIVE' ? 'Activate' : 'Deactivate'} verb=${next === 'ACTIVE' ? 'Activate' : 'Deactivate'} onClose=${close}
      what=${next === 'ACTIVE' ? 'A device with this certificate may connect.' : 'A device that is connected with this certificate is disconnected, and cannot come back.'}
      act=${() => send('PUT', at`/certificates/${id}` + `?newStatus=${next}`)} />`}
    ${open === 'delete' && html`<${Confirm} title="Delete the certificate" verb="Delete" danger onClose=${close}
      what=${`It is ${words(status)}. Only one that is inactive and attached to nothing can be deleted. This cannot be undone.`}
      act=${() => send('DELETE', at`/certificates/${id}`)} />`}`;
}
