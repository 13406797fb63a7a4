// The choice of targets: things and groups, found by the beginning of their names.
import {html, useState} from '../html.js';
import {get, send} from '../api.js';
import {arn} from '../session.js';
import {useDelayed, useLoad} from '../data.js';
import {targetKind, targetName} from '../jobs.js';
import {beginningWith} from '../things.js';
import {Icon} from '../parts/icon.js';
import {Field} from '../parts/field.js';
import {Problem} from '../parts/notice.js';

// Targets edits the list of ARNs in draft.targets.
export function Targets({session, draft, set}) {
  const [text, setText] = useState('');
  const wanted = useDelayed(text.trim());
  const found = useLoad(async (signal) => wanted ? find(session, wanted, signal) : [], [wanted]);
  const add = (target) => {
    set({targets: [...new Set([...draft.targets, target])]});
    setText('');
  };
  return html`<ul class="chosen" aria-label="Chosen targets">${draft.targets.map((target) => html`<li key=${target}>
      ${targetKind(target) === 'thing' ? 'thing' : 'group'} <b>${targetName(target)}</b>
      <button type="button" aria-label=${`Remove ${targetName(target)}`} onClick=${() => set({targets: draft.targets.filter((t) => t !== target)})}><${Icon} name="cross" /></button></li>`)}</ul>
    ${draft.targets.length === 0 && html`<p class="quiet">No target is chosen yet.</p>`}
    <${Field} label="Find a group or a thing" kind="search" value=${text} onInput=${setText} placeholder="the beginning of its name, or an ARN" />
    <${Problem} error=${found.error} />
    ${wanted && html`<ul class="found" aria-label="Found">${(found.data ?? []).filter((f) => !draft.targets.includes(f.arn)).map((f) => html`<li key=${f.arn}>
      <button type="button" onClick=${() => add(f.arn)}>Add ${f.kind} ${f.name}</button></li>`)}
      ${found.data?.length === 0 && !found.loading && html`<li class="quiet">Nothing begins with ${wanted}.</li>`}</ul>`}`;
}

// find looks for groups and things: [{arn, kind, name}].
async function find(session, text, signal) {
  if (text.startsWith('arn:')) return [{arn: text, kind: targetKind(text), name: targetName(text)}];
  const [groups, things] = await Promise.all([
    get('/thing-groups', {namePrefixFilter: text, maxResults: 10}, {signal}),
    send('POST', '/indices/search', {queryString: beginningWith(text), maxResults: 10}, {signal}),
  ]);
  return [
    ...groups.thingGroups.map((g) => ({arn: g.groupArn, kind: 'group', name: g.groupName})),
    ...(things.things ?? []).map((t) => ({arn: arn(session, 'thing', t.thingName), kind: 'thing', name: t.thingName})),
  ];
}
