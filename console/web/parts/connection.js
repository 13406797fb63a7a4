// Whether the client of a thing is connected.
import {html} from '../html.js';
import {Icon} from './icon.js';
import {Time} from './time.js';

// Connection shows the connectivity of a thing, as the index has it: {connected, timestamp in
// milliseconds}.
export function Connection({of}) {
  if (!of || of.connected === undefined || of.connected === null) return html`<span class="quiet">not seen</span>`;
  const since = of.timestamp && html`<span class="quiet small"> since <${Time} at=${of.timestamp / 1000} relative /></span>`;
  return of.connected ? html`<span class="good"><${Icon} name="plug" /></span> connected${since}`
    : html`<span class="quiet"><${Icon} name="circle" /> away</span>${since}`;
}
