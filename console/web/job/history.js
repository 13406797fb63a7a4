// Who has changed a job, and how.
import {html} from '../html.js';
import {useRarely} from '../data.js';
import {Section} from '../parts/page.js';
import {Records} from '../parts/records.js';

export function History({id, changed}) {
  const turn = useRarely(changed);
  return html`<${Section} title="History"><${Records} resource=${`job/${id}`} turn=${turn} /></${Section}>`;
}
