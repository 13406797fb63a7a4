// The servers on one database.
import {html} from '../html.js';
import {get} from '../api.js';
import {setServerTime} from '../clock.js';
import {useLoad} from '../data.js';
import {Page} from '../parts/page.js';
import {Table} from '../parts/table.js';
import {Time} from '../parts/time.js';
import {Icon} from '../parts/icon.js';
import {count} from '../parts/number.js';

export default function Nodes() {
  const {data, error, loading, reload} = useLoad(async (signal) => {
    const answer = await get('/_drover/nodes', {}, {signal});
    setServerTime(answer.now); // the times of the list are by this clock
    return answer;
  }, []);
  return html`<${Page} title="Nodes" actions=${html`<button type="button" onClick=${reload}>Refresh</button>`}>
    <${Table} caption="Nodes" pages=${{items: data?.nodes ?? [], error, loading, reload}} keyOf=${(n) => n.name}
      empty=${html`<p class="quiet">This server is alone on its data.</p>`}
      columns=${[
        {title: 'Node', cell: (n) => n.name},
        {title: 'State', cell: (n) => n.heir ? html`lost; ${n.heir} goes on for it` : n.ready
          ? html`<span class="good"><${Icon} name="check" /></span> ready` : html`<${Icon} name="warning" /> not ready`},
        {title: 'Connections', number: true, cell: (n) => count(n.connections)},
        {title: 'Version', wide: true, cell: (n) => n.version},
        {title: 'Since', wide: true, cell: (n) => html`<${Time} at=${n.since} />`},
        {title: 'Last sign', cell: (n) => html`<${Time} at=${n.lastSign} relative />`},
      ]} />
  </${Page}>`;
}
