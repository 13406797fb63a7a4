// The certificates with which devices connect.
import {html, useState} from '../html.js';
import {get, send} from '../api.js';
import {may} from '../session.js';
import {go, href} from '../router.js';
import {usePages} from '../data.js';
import {Page} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Dialog} from '../parts/dialog.js';
import {Empty, Problem} from '../parts/notice.js';
import {Status} from '../parts/status.js';
import {Time} from '../parts/time.js';

export default function Certificates({session}) {
  const [open, setOpen] = useState(false);
  const pages = usePages(async (marker, signal) => {
    const answer = await get('/certificates', {marker, pageSize: 100}, {signal});
    return {items: answer.certificates, next: answer.nextMarker};
  }, []);
  const create = may(session, 'admin') && html`<button type="button" class="primary" onClick=${() => setOpen(true)}>Create a certificate</button>`;
  return html`<${Page} title="Certificates" actions=${create}>
    <${Table} caption="Certificates, newest first" pages=${pages} keyOf=${(c) => c.certificateId}
      empty=${html`<${Empty} title="There is no certificate yet"><p>A device connects with a certificate that is attached to its thing and to a policy.</p></${Empty}>`}
      columns=${[
        {title: 'Certificate', cell: (c) => html`<a href=${href(['certificates', c.certificateId])}><code>${c.certificateId.slice(0, 16)}…</code></a>`},
        {title: 'Status', cell: (c) => html`<${Status} status=${c.status} />`},
        {title: 'Created', cell: (c) => html`<${Time} at=${c.creationDate} />`},
      ]} />
    ${open && html`<${Create} onClose=${() => setOpen(false)} />`}
  </${Page}>`;
}

// Create makes a key pair and a certificate. The private key is shown once, and stored nowhere.
function Create({onClose}) {
  const [state, setState] = useState({});
  const create = async () => {
    setState({busy: true});
    try {
      setState({made: await send('POST', '/keys-and-certificate?setAsActive=true')});
    } catch (error) {
      setState({error});
    }
  };
  const {made, error, busy} = state;
  if (!made) {
    return html`<${Dialog} title="Create a certificate" onClose=${() => busy || onClose()}>
      <p>The server makes a key pair and a certificate that is active. The private key is shown once and stored nowhere.</p>
      <${Problem} error=${error} />
      <div class="actions"><button type="button" disabled=${busy} onClick=${onClose}>Back</button>
        <button type="button" class="primary" disabled=${busy} onClick=${create}>Create</button></div>
    </${Dialog}>`;
  }
  const stay = () => {}; // Escape must not lose the key
  return html`<${Dialog} title="Keep the private key" onClose=${stay}>
    <p>This is the only time that it can be read.</p>
    <ul class="plain-list">
      <li><${Save} name=${made.certificateId.slice(0, 10) + '.private.key'} text=${made.keyPair.PrivateKey}>Save the private key</${Save}></li>
      <li><${Save} name=${made.certificateId.slice(0, 10) + '.pem'} text=${made.certificatePem}>Save the certificate</${Save}></li>
    </ul>
    <div class="actions"><button type="button" class="primary" onClick=${() => go(['certificates', made.certificateId])}>I have saved it</button></div>
  </${Dialog}>`;
}

// Save is a button that saves a text to a file.
export function Save({name, text, children}) {
  const save = () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], {type: 'application/octet-stream'}));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  return html`<button type="button" onClick=${save}>${children}</button>`;
}
