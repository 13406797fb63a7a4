// The server's own store of the files that devices download.
import {html, useState} from '../html.js';
import {address, list, remove} from '../artifacts.js';
import {may} from '../session.js';
import {setQuery} from '../router.js';
import {useDelayed, usePages} from '../data.js';
import {Confirm} from '../parts/dialog.js';
import {Field} from '../parts/field.js';
import {Empty} from '../parts/notice.js';
import {bytes} from '../parts/number.js';
import {Page, Section} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Time} from '../parts/time.js';
import {Upload} from '../parts/upload.js';

export default function Artifacts({session, route}) {
  const text = route.query.prefix ?? '';
  const prefix = useDelayed(text);
  const pages = usePages((token, signal) => list(prefix, token, signal), [prefix]);
  const [leaving, setLeaving] = useState();
  if (pages.error?.code === 'NotImplemented') {
    return html`<${Page} title="Artifacts"><${Empty} title="This server has no store of its own"><p>${pages.error.message}.</p></${Empty}></${Page}>`;
  }
  const changes = may(session, 'operator');
  return html`<${Page} title="Artifacts">
    ${changes && html`<${Section} title="Upload"><${Upload} prefix=${prefix} stored=${pages.reload} /></${Section}>`}
    <form role="search" onSubmit=${(e) => e.preventDefault()}>
      <${Field} label="Search" kind="search" value=${text} onInput=${(value) => setQuery({prefix: value})} hint="The beginning of a key, such as pumps/" />
    </form>
    <${Table} caption="Artifacts, by key" pages=${pages} keyOf=${(a) => a.key}
      empty=${html`<${Nothing} prefix=${prefix} />`}
      columns=${[
        {title: 'Key', cell: (a) => a.key},
        {title: 'Size', number: true, cell: (a) => bytes(a.size)},
        {title: 'SHA-256', wide: true, cell: (a) => a.sha256 ? html`<code class="small">${a.sha256}</code>` : html`<span class="quiet">not known: it came in parts</span>`},
        {title: 'Stored', wide: true, cell: (a) => html`<${Time} at=${a.lastModified} />`},
        {title: 'Actions', cell: (a) => html`<div class="actions">
          <a class="button" href=${address(a.key)} download aria-label=${`Download ${a.key}`}>Download</a>
          ${changes && html`<button type="button" class="danger" aria-label=${`Remove ${a.key}`} onClick=${() => setLeaving(a.key)}>Remove</button>`}</div>`},
      ]} />
    ${leaving && html`<${Confirm} title=${`Remove ${leaving}`} verb="Remove the artifact" danger act=${() => remove(leaving)}
      what="Devices whose jobs name it cannot download it any more. This cannot be undone."
      onClose=${(done) => { setLeaving(); if (done) pages.reload(); }} />`}
  </${Page}>`;
}

function Nothing({prefix}) {
  if (prefix) return html`<${Empty} title="No artifact matches"><p>No key begins with <code>${prefix}</code>.</p></${Empty}>`;
  return html`<${Empty} title="There is no artifact yet"><p>Artifacts are files that devices download, such as firmware images. Upload one here, or by:</p>
    <pre tabindex="0">drover artifact put fw-2.5.bin pumps/fw-2.5.bin</pre></${Empty}>`;
}
