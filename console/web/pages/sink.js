// One sink: how it does, and the events that it could not be given.
import {html, useState} from '../html.js';
import {at, get, send} from '../api.js';
import {may} from '../session.js';
import {go} from '../router.js';
import {useLoad, usePages} from '../data.js';
import {Confirm} from '../parts/dialog.js';
import {Loading, Problem, Warnings} from '../parts/notice.js';
import {count, counted} from '../parts/number.js';
import {Facts, Page, Section} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Time} from '../parts/time.js';
import {State, kinds} from './sinks.js';

export default function Sink({session, names: [name]}) {
  const {data: sink, error, reload} = useLoad((signal) => get(at`/_drover/sinks/${name}`, {}, {signal}), [name]);
  const letters = usePages(async (token, signal) => {
    const answer = await get(at`/_drover/sinks/${name}/dead-letters`, {maxResults: 50, nextToken: token}, {signal});
    return {items: answer.deadLetters, next: answer.nextToken};
  }, [name]);
  const again = () => {
    reload();
    letters.reload();
  };
  const trail = [{title: 'Sinks', href: '#/sinks'}];
  if (!sink) {
    return html`<${Page} title=${name} trail=${trail}>${error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`}</${Page}>`;
  }
  return html`<${Page} title=${name} trail=${trail} actions=${html`<${Actions} session=${session} sink=${sink} again=${again} />`}>
    <${Problem} error=${error} retry=${reload} />
    <${Warnings} warnings=${sink.warnings.map((message) => ({code: '', message}))} />
    <div class="columns">
      <${Section} title="How it does"><${Facts} facts=${[
        ['State', html`<${State} sink=${sink} />`],
        ['Waiting since', sink.waitingSince ? html`<${Time} at=${sink.waitingSince} />` : 'nothing waits'],
        ['Delivered', count(sink.delivered)],
        ['Last delivered', sink.lastDeliveredAt && html`<${Time} at=${sink.lastDeliveredAt} />`],
        ['Dead letters', count(sink.deadLetters)],
        ['Last failure', sink.lastErrorAt && html`${sink.lastError}, <${Time} at=${sink.lastErrorAt} />`],
        ['Lost events', sink.skipped],
        ['Lost dead letters', sink.droppedDeadLetters],
      ].filter(([title, value]) => value || !title.startsWith('Lost'))} /></${Section}>
      <${Section} title="What is sent where"><${Facts} facts=${[
        ['Kind', kinds[sink.kind] ?? sink.kind],
        ['Address', html`<code>${sink.url}</code>`],
        ['Subject', sink.subject && html`<code>${sink.subject}</code>`],
        ['Topics', sink.topics.length > 0 ? sink.topics.join(', ') : 'all'],
        ['Jobs', sink.jobs.length > 0 ? sink.jobs.join(', ') : 'all'],
        ['Tried again for', counted(Math.round(sink.retryForSeconds / 360) / 10, 'hour')],
        ['Created', html`<${Time} at=${sink.createdAt} />`],
      ]} /></${Section}>
    </div>
    <${Letters} session=${session} sink=${sink} pages=${letters} again=${again} />
  </${Page}>`;
}

// Letters are the events that could not be delivered. Operators have them sent again, or discard them.
function Letters({session, sink, pages, again}) {
  const [asked, setAsked] = useState();
  const changes = may(session, 'operator') && pages.items.length > 0;
  const path = (verb) => at`/_drover/sinks/${sink.sinkName}/dead-letters/${verb}`;
  const all = html`<button type="button" onClick=${() => setAsked({verb: 'retry'})}>Send all again</button>
    <button type="button" class="danger" onClick=${() => setAsked({verb: 'delete'})}>Discard all</button>`;
  const letter = asked?.letter;
  const ids = letter && {deadLetterIds: [letter.deadLetterId]};
  const which = letter ? `dead letter ${letter.deadLetterId}` : 'all dead letters';
  return html`<${Section} title="Dead letters" actions=${changes && all}>
    <${Table} caption="Dead letters, the oldest first" pages=${pages} keyOf=${(d) => d.deadLetterId}
      empty=${html`<p class="quiet">None: whatever this sink wants has been delivered or still waits.</p>`}
      columns=${[
        {title: 'Number', number: true, cell: (d) => d.deadLetterId},
        {title: 'Event', cell: (d) => html`<code class="small">${d.topic}</code>`},
        {title: 'Why', cell: (d) => d.retrying ? html`${d.reason} <span class="badge">is sent again</span>` : d.reason},
        {title: 'Attempts', number: true, wide: true, cell: (d) => count(d.attempts)},
        {title: 'Failed', wide: true, cell: (d) => html`<${Time} at=${d.failedAt} />`},
        ...(changes ? [{title: 'Actions', cell: (d) => html`<div class="actions">
          <button type="button" aria-label=${`Send again ${d.deadLetterId}`} onClick=${() => setAsked({verb: 'retry', letter: d})}>Send again</button>
          <button type="button" class="danger" aria-label=${`Discard ${d.deadLetterId}`} onClick=${() => setAsked({verb: 'delete', letter: d})}>Discard</button>
        </div>`}] : []),
      ]} />
    ${asked?.verb === 'retry' && html`<${Confirm} title=${`Send ${which} again`} verb="Send"
      what="What is delivered is a dead letter no more." act=${() => send('POST', path('retry'), ids ?? {})}
      onClose=${(done) => { setAsked(); if (done) again(); }} />`}
    ${asked?.verb === 'delete' && html`<${Confirm} title=${`Discard ${which}`} verb="Discard" danger
      what="The events are not sent any more. This cannot be undone." act=${() => send('POST', path('delete'), ids ?? {})}
      onClose=${(done) => { setAsked(); if (done) again(); }} />`}
  </${Section}>`;
}

// Actions are what admins do with the sink.
function Actions({session, sink, again}) {
  const [asked, setAsked] = useState();
  const refresh = html`<button type="button" onClick=${again}>Refresh</button>`;
  if (!may(session, 'admin')) return refresh;
  const path = at`/_drover/sinks/${sink.sinkName}`;
  const verb = sink.enabled ? 'Disable' : 'Enable';
  return html`${refresh}
    <button type="button" onClick=${() => setAsked('enable')}>${verb}</button>
    <button type="button" class="danger" onClick=${() => setAsked('delete')}>Delete</button>
    ${asked === 'enable' && html`<${Confirm} title=${`${verb} ${sink.sinkName}`} verb=${verb}
      what=${sink.enabled ? 'Nothing is sent. What is published waits for the sink, for three days at the most.' : 'What waits is sent now.'}
      act=${() => send('PATCH', path, {enabled: !sink.enabled})}
      onClose=${(done) => { setAsked(); if (done) again(); }} />`}
    ${asked === 'delete' && html`<${Confirm} title=${`Delete ${sink.sinkName}`} verb="Delete the sink" danger
      what=${`What waits for it is not sent, and its ${counted(sink.deadLetters, 'dead letter')} go with it. This cannot be undone.`}
      act=${() => send('DELETE', path)} onClose=${(done) => { setAsked(); if (done) go(['sinks']); }} />`}`;
}
