// The places outside that events are sent to. Their times are by the clock of the machine, also where
// the clock of the server is virtual, so none is said as a distance from now.
import {html} from '../html.js';
import {get} from '../api.js';
import {may} from '../session.js';
import {href} from '../router.js';
import {usePages} from '../data.js';
import {Empty} from '../parts/notice.js';
import {Icon} from '../parts/icon.js';
import {count} from '../parts/number.js';
import {Page} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Time} from '../parts/time.js';

export default function Sinks({session}) {
  if (!may(session, 'operator')) { // an address may be a secret
    return html`<${Page} title="Sinks"><${Empty} title="Sinks are for operators"><p>Your key is of a viewer.</p></${Empty}></${Page}>`;
  }
  return html`<${List} />`;
}

function List() {
  const pages = usePages(async (token, signal) => {
    const answer = await get('/_drover/sinks', {maxResults: 100, nextToken: token}, {signal});
    return {items: answer.sinks, next: answer.nextToken};
  }, []);
  return html`<${Page} title="Sinks" actions=${html`<button type="button" onClick=${pages.reload}>Refresh</button>`}>
    <${Table} caption="Sinks, by name" pages=${pages} keyOf=${(s) => s.sinkName}
      empty=${html`<${Empty} title="There is no sink yet"><p>A sink sends lifecycle events to a webhook, to NATS or to Kafka. An admin makes one by:</p>
        <pre tabindex="0">drover sinks create NAME URL</pre></${Empty}>`}
      columns=${[
        {title: 'Sink', cell: (s) => html`<a href=${href(['sinks', s.sinkName])}>${s.sinkName}</a>`},
        {title: 'State', cell: (s) => html`<${State} sink=${s} />`},
        {title: 'Waiting since', cell: (s) => s.waitingSince ? html`<${Time} at=${s.waitingSince} />` : html`<span class="quiet">nothing waits</span>`},
        {title: 'Dead letters', number: true, cell: (s) => count(s.deadLetters)},
        {title: 'Delivered', number: true, wide: true, cell: (s) => count(s.delivered)},
        {title: 'Kind', wide: true, cell: (s) => kinds[s.kind] ?? s.kind},
      ]} />
  </${Page}>`;
}

export const kinds = {WEBHOOK: 'webhook', NATS: 'NATS', KAFKA: 'Kafka'};

// State says whether events are sent, and whether the newest attempt failed.
export function State({sink}) {
  if (!sink.enabled) return html`<${Icon} name="warning" /> disabled`;
  if (fails(sink)) return html`<${Icon} name="warning" /> fails`;
  return html`<span class="good"><${Icon} name="check" /></span> sends`;
}

// fails reports whether the newest attempt failed, as far as it is known.
const fails = (sink) => sink.lastErrorAt !== undefined && !(sink.lastDeliveredAt > sink.lastErrorAt);
