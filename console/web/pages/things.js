// The things of the fleet, found by a query.
import {html, useState} from '../html.js';
import {at, send} from '../api.js';
import {may} from '../session.js';
import {go, href, setQuery} from '../router.js';
import {useDelayed, usePages} from '../data.js';
import {queryOf, search} from '../things.js';
import {Page} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Query} from '../parts/query.js';
import {Connection} from '../parts/connection.js';
import {Confirm} from '../parts/dialog.js';
import {Field} from '../parts/field.js';
import {Empty} from '../parts/notice.js';

export default function Things({session, route}) {
  const text = route.query.query ?? '';
  const wanted = queryOf(useDelayed(text));
  const [open, setOpen] = useState(false);
  const pages = usePages((token, signal) => search(wanted, token, signal), [wanted]);
  const names = [...new Set(pages.items.flatMap((t) => Object.keys(t.attributes ?? {})))];
  const invalid = pages.error?.code === 'InvalidQueryException' ? pages.error.message : undefined;
  const create = may(session, 'operator') && html`<button type="button" class="primary" onClick=${() => setOpen(true)}>Create a thing</button>`;
  return html`<${Page} title="Things" actions=${create}>
    <form role="search" onSubmit=${(e) => e.preventDefault()}>
      <${Query} label="Search" value=${text} onInput=${(query) => setQuery({query})} names=${names} error=${invalid}
        hint="The beginning of a name, or a query: thingTypeName:pump AND attributes.hw:b2" />
    </form>
    <${Table} caption="Things, by name" pages=${invalid ? {...pages, error: undefined} : pages} keyOf=${(t) => t.thingName}
      empty=${html`<${Nothing} wanted=${wanted} more=${pages.more} />`}
      columns=${[
        {title: 'Thing', cell: (t) => html`<a href=${href(['things', t.thingName])}>${t.thingName}</a>`},
        {title: 'Type', cell: (t) => t.thingTypeName ?? html`<span class="quiet">–</span>`},
        {title: 'Connection', cell: (t) => html`<${Connection} of=${t.connectivity} />`},
        {title: 'Groups', wide: true, cell: (t) => (t.thingGroupNames ?? []).join(', ')},
        {title: 'Attributes', wide: true, cell: (t) => Object.entries(t.attributes ?? {}).map(([name, value]) => html`<span class="badge" key=${name}>${name} = ${value}</span> `)},
      ]} />
    ${open && html`<${Create} onClose=${() => setOpen(false)} />`}
  </${Page}>`;
}

function Nothing({wanted, more}) {
  if (more) return html`<p class="quiet">Nothing was found in the part of the fleet that was looked at. <button type="button" onClick=${more}>Look further</button></p>`;
  if (wanted) return html`<${Empty} title="No thing matches"><p>The query was <code>${wanted}</code>.</p></${Empty}>`;
  return html`<${Empty} title="There is no thing yet"><p>A thing stands for a device. Create one here, or by:</p>
    <pre>drover iot create-thing --thing-name pump-07</pre></${Empty}>`;
}

function Create({onClose}) {
  const [name, setName] = useState('');
  const [type, setType] = useState('');
  return html`<${Confirm} title="Create a thing" verb="Create" what="A thing stands for a device; its name is the client id that the device connects with."
    act=${() => send('POST', at`/things/${name.trim()}`, {thingTypeName: type.trim() || undefined})}
    onClose=${(done) => done ? go(['things', name.trim()]) : onClose()}>
    <${Field} label="Name" value=${name} onInput=${setName} required maxlength="128" hint="1 to 128 characters of a-z, A-Z, 0-9, : _ and -" />
    <${Field} label="Type (optional)" value=${type} onInput=${setType} />
  </${Confirm}>`;
}
