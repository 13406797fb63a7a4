// One group: what it is, and its members.
import {html, useState} from '../html.js';
import {at, get, send} from '../api.js';
import {may} from '../session.js';
import {go, href} from '../router.js';
import {useLoad, usePages} from '../data.js';
import {queryOf} from '../things.js';
import {Facts, Page, Section} from '../parts/page.js';
import {Confirm} from '../parts/dialog.js';
import {Field} from '../parts/field.js';
import {Loading, Problem} from '../parts/notice.js';
import {Table} from '../parts/table.js';
import {Time} from '../parts/time.js';
import {CountedQuery} from './groups.js';

export default function Group({session, names: [name]}) {
  const {data, error, reload} = useLoad((signal) => get(at`/thing-groups/${name}`, {}, {signal}), [name]);
  const children = useLoad((signal) => get('/thing-groups', {parentGroup: name, maxResults: 100}, {signal}), [name]);
  const members = usePages(async (token, signal) => {
    const answer = await get(at`/thing-groups/${name}/things`, {maxResults: 100, nextToken: token}, {signal});
    return {items: answer.things.map((thing) => ({thing})), next: answer.nextToken};
  }, [name]);
  const [leaving, setLeaving] = useState();
  const trail = [{title: 'Groups', href: '#/groups'}];
  if (!data) {
    return html`<${Page} title=${name} trail=${trail}>${error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`}</${Page}>`;
  }
  const dynamic = data.queryString !== undefined;
  const parents = data.thingGroupMetadata?.rootToParentThingGroups ?? [];
  const changed = () => { reload(); members.reload(); };
  return html`<${Page} title=${name} trail=${[...trail, ...parents.map((p) => ({title: p.groupName, href: href(['groups', p.groupName])}))]}
      actions=${html`<${Actions} session=${session} name=${name} group=${data} dynamic=${dynamic} changed=${changed} />`}>
    <${Problem} error=${error} retry=${reload} />
    <${Section} title="About"><${Facts} facts=${[
      ['Kind', dynamic ? 'dynamic: its members match a query' : 'static: its members are added'],
      ['Query', dynamic && html`<code>${data.queryString}</code>`],
      ['Description', data.thingGroupProperties?.thingGroupDescription],
      ['Created', html`<${Time} at=${data.thingGroupMetadata?.creationDate} />`],
      ['Groups within', children.data?.thingGroups.length > 0 && html`<ul class="plain-list">${children.data.thingGroups.map((g) => html`<li key=${g.groupName}><a href=${href(['groups', g.groupName])}>${g.groupName}</a></li>`)}</ul>`],
      ...Object.entries(data.thingGroupProperties?.attributePayload?.attributes ?? {}).map(([key, value]) => [`attribute ${key}`, value]),
    ]} /></${Section}>
    <${Section} title="Members"><${Table} caption="Members of the group" pages=${members} keyOf=${(m) => m.thing}
      empty=${html`<p class="quiet">${dynamic ? 'No thing matches the query.' : 'No thing is in this group itself.'}</p>`}
      columns=${[
        {title: 'Thing', cell: ({thing}) => html`<a href=${href(['things', thing])}>${thing}</a>`},
        ...(!dynamic && may(session, 'operator') ? [{title: '', cell: ({thing}) => html`<button type="button" class="plain"
          aria-label=${`Remove ${thing}`} onClick=${() => setLeaving(thing)}>Remove</button>`}] : []),
      ]} /></${Section}>
    ${leaving && html`<${Confirm} title=${`Remove ${leaving}`} verb="Remove" what="Continuous jobs of this group leave it, too." act=${() => remove(name, leaving)}
      onClose=${(done) => { setLeaving(); if (done) members.reload(); }} />`}
  </${Page}>`;
}

const remove = (group, thing) => send('PUT', '/thing-groups/removeThingFromThingGroup', {thingGroupName: group, thingName: thing});

function Actions({session, name, group, dynamic, changed}) {
  const [open, setOpen] = useState();
  const [text, setText] = useState('');
  if (!may(session, 'operator')) return null;
  const close = (done) => {
    setOpen();
    if (done && open === 'delete') go(['groups']);
    else if (done) changed();
  };
  const show = (what, value = '') => { setText(value); setOpen(what); };
  return html`
    ${dynamic ? html`<button type="button" onClick=${() => show('query', group.queryString)}>Change the query</button>`
      : html`<button type="button" class="primary" onClick=${() => show('add')}>Add a thing</button>`}
    <button type="button" class="danger" onClick=${() => show('delete')}>Delete</button>
    ${open === 'add' && html`<${Confirm} title=${`Add a thing to ${name}`} verb="Add" onClose=${close}
      what="Continuous jobs of this group come to the thing, too."
      act=${() => send('PUT', '/thing-groups/addThingToThingGroup', {thingGroupName: name, thingName: text.trim()})}>
      <${Field} label="Thing" value=${text} onInput=${setText} required /></${Confirm}>`}
    ${open === 'query' && html`<${Confirm} title=${`Change the query of ${name}`} verb="Change" onClose=${close}
      what="Things that match become members, and others leave. Continuous jobs follow."
      act=${() => send('PATCH', at`/dynamic-thing-groups/${name}`, {thingGroupProperties: group.thingGroupProperties ?? {}, queryString: queryOf(text)})}>
      <${CountedQuery} value=${text} onInput=${setText} /></${Confirm}>`}
    ${open === 'delete' && html`<${Confirm} title=${`Delete ${name}`} verb="Delete the group" danger onClose=${close}
      act=${() => send('DELETE', dynamic ? at`/dynamic-thing-groups/${name}` : at`/thing-groups/${name}`)}
      what="Its members stay, and are in it no longer. This cannot be undone." />`}`;
}
