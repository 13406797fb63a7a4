// The policies that say what devices may do.
import {html, useState} from '../html.js';
import {at, get, send} from '../api.js';
import {may} from '../session.js';
import {go, href} from '../router.js';
import {usePages} from '../data.js';
import {Page} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Confirm} from '../parts/dialog.js';
import {Field} from '../parts/field.js';
import {Empty} from '../parts/notice.js';

// usual allows a device what it needs for its own jobs.
const usual = (session) => {
  const arn = (rest) => `arn:aws:iot:${session.region}:${session.account}:${rest}`;
  const thing = '${iot:Connection.Thing.ThingName}';
  return JSON.stringify({Version: '2012-10-17', Statement: [
    {Effect: 'Allow', Action: 'iot:Connect', Resource: arn(`client/${thing}`)},
    {Effect: 'Allow', Action: ['iot:Publish', 'iot:Receive'], Resource: arn(`topic/$aws/things/${thing}/jobs/*`)},
    {Effect: 'Allow', Action: 'iot:Subscribe', Resource: arn(`topicfilter/$aws/things/${thing}/jobs/*`)},
  ]}, null, 2);
};

export default function Policies({session}) {
  const [open, setOpen] = useState(false);
  const pages = usePages(async (marker, signal) => {
    const answer = await get('/policies', {marker, pageSize: 100}, {signal});
    return {items: answer.policies, next: answer.nextMarker};
  }, []);
  const create = may(session, 'admin') && html`<button type="button" class="primary" onClick=${() => setOpen(true)}>Create a policy</button>`;
  return html`<${Page} title="Policies" actions=${create}>
    <${Table} caption="Policies, newest first" pages=${pages} keyOf=${(p) => p.policyName}
      empty=${html`<${Empty} title="There is no policy yet"><p>A policy says what a device with a certificate may do. Without one it may do nothing.</p></${Empty}>`}
      columns=${[{title: 'Policy', cell: (p) => html`<a href=${href(['policies', p.policyName])}>${p.policyName}</a>`}]} />
    ${open && html`<${Create} session=${session} onClose=${() => setOpen(false)} />`}
  </${Page}>`;
}

function Create({session, onClose}) {
  const [name, setName] = useState('');
  const [text, setText] = useState(() => usual(session));
  return html`<${Confirm} title="Create a policy" verb="Create" what="What stands here allows a device its own jobs, and no more."
    act=${() => send('POST', at`/policies/${name.trim()}`, {policyDocument: text})}
    onClose=${(done) => done ? go(['policies', name.trim()]) : onClose()}>
    <${Field} label="Name" value=${name} onInput=${setName} required maxlength="128" />
    <${Field} label="Document" kind="area" value=${text} onInput=${setText} />
  </${Confirm}>`;
}
