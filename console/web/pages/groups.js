// Thing groups, static and dynamic.
import {html, useState} from '../html.js';
import {at, get, send} from '../api.js';
import {may} from '../session.js';
import {go, href, setQuery} from '../router.js';
import {useDelayed, useLoad, usePages} from '../data.js';
import {queryOf} from '../things.js';
import {Page} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Confirm} from '../parts/dialog.js';
import {Field} from '../parts/field.js';
import {Empty} from '../parts/notice.js';
import {Query} from '../parts/query.js';
import {count} from '../parts/number.js';

export default function Groups({session, route}) {
  const {search = ''} = route.query;
  const wanted = useDelayed(search.trim());
  const [open, setOpen] = useState();
  const pages = usePages(async (token, signal) => {
    const answer = await get('/thing-groups', {namePrefixFilter: wanted, recursive: true, maxResults: 100, nextToken: token}, {signal});
    return {items: answer.thingGroups, next: answer.nextToken};
  }, [wanted]);
  const create = may(session, 'operator') && html`
    <button type="button" class="primary" onClick=${() => setOpen('static')}>Create a group</button>
    <button type="button" onClick=${() => setOpen('dynamic')}>Create a dynamic group</button>`;
  return html`<${Page} title="Groups" actions=${create}>
    <form class="filters" role="search" onSubmit=${(e) => e.preventDefault()}>
      <${Field} label="Search" kind="search" placeholder="the beginning of a name" value=${search} onInput=${(text) => setQuery({search: text})} /></form>
    <${Table} caption="Thing groups, by name" pages=${pages} keyOf=${(g) => g.groupName}
      empty=${html`<${Empty} title=${wanted ? 'No group has such a name' : 'There is no group yet'}>
        <p>Groups are what jobs are rolled out to: a site, a model, a canary. A dynamic one takes its members by a query.</p></${Empty}>`}
      columns=${[{title: 'Group', cell: (g) => html`<a href=${href(['groups', g.groupName])}>${g.groupName}</a>`}]} />
    ${open === 'static' && html`<${CreateStatic} onClose=${() => setOpen()} />`}
    ${open === 'dynamic' && html`<${CreateDynamic} onClose=${() => setOpen()} />`}
  </${Page}>`;
}

function CreateStatic({onClose}) {
  const [name, setName] = useState('');
  const [parent, setParent] = useState('');
  return html`<${Confirm} title="Create a group" verb="Create" what="Things are added to it one by one, by you."
    act=${() => send('POST', at`/thing-groups/${name.trim()}`, {parentGroupName: parent.trim() || undefined})}
    onClose=${(done) => done ? go(['groups', name.trim()]) : onClose()}>
    <${Field} label="Name" value=${name} onInput=${setName} required maxlength="128" />
    <${Field} label="Within the group (optional)" value=${parent} onInput=${setParent} />
  </${Confirm}>`;
}

function CreateDynamic({onClose}) {
  const [name, setName] = useState('');
  const [query, setQueryText] = useState('');
  return html`<${Confirm} title="Create a dynamic group" verb="Create" what="Its members are the things that match a query, as long as they do."
    act=${() => send('POST', at`/dynamic-thing-groups/${name.trim()}`, {queryString: queryOf(query)})}
    onClose=${(done) => done ? go(['groups', name.trim()]) : onClose()}>
    <${Field} label="Name" value=${name} onInput=${setName} required maxlength="128" />
    <${CountedQuery} value=${query} onInput=${setQueryText} />
  </${Confirm}>`;
}

// CountedQuery is the field of a query with the number of things that match it now. What is typed
// stands for the query that queryOf makes of it.
export function CountedQuery({value, onInput}) {
  const query = queryOf(value);
  const asked = useDelayed(query);
  const {data, error, loading} = useLoad((signal) => asked ? get('/_drover/things/count', {queryString: asked}, {signal}) : Promise.resolve(undefined), [asked]);
  return html`<${Query} value=${value} onInput=${onInput} error=${error?.message} />
    ${query !== value.trim() && html`<p class="hint">The query is <code>${query}</code>.</p>`}
    <p role="status">${!query ? 'Type a query to see how many things match.' : loading || asked !== query ? 'Counting…' : data &&
      html`<b>${data.atLeast ? 'At least ' : ''}${count(data.count)}</b> ${data.count === 1 ? 'thing matches' : 'things match'} now.`}</p>`;
}
