// The waves of a rollout and their gates.
import {html} from '../html.js';
import {Time} from '../parts/time.js';
import {Icon} from '../parts/icon.js';
import {count} from '../parts/number.js';

const meaning = {
  TO_COME: 'to come', RELEASING: 'releasing', AT_GATE: 'at its gate', STOPPED: 'stopped at its gate', DONE: 'done',
};
const signs = {TO_COME: 'circle', RELEASING: 'play', AT_GATE: 'glass', STOPPED: 'pause', DONE: 'check'};

// Waves shows waves; settings.waves has what their gates ask for.
export function Waves({waves, settings}) {
  const gates = (settings.waves ?? '').split(' / ').map((w) => w.trim().split(' ').slice(1).join(', '));
  return html`<ol class="waves">${waves.map((w, i) => html`<li key=${w.number} class=${'wave ' + w.status}>
    <b><${Icon} name=${signs[w.status]} /> ${w.number}. ${w.takes.replace('pct', ' %').replace('group=', 'group ')}</b>
    <span>${meaning[w.status]}</span>
    ${w.created > 0 && html`<span class="quiet">${count(w.succeeded)} succeeded, ${count(w.ended)} ended of ${count(w.created)}</span>`}
    ${w.confirmed + w.silent > 0 && html`<span class="quiet">${count(w.confirmed)} confirmed, ${count(w.silent)} silent</span>`}
    ${w.lastRelease && html`<span class="quiet">last release <${Time} at=${w.lastRelease} relative /></span>`}
    ${gates[i] && html`<span class="badge">gate: ${gates[i]}</span>`}
  </li>`)}</ol>`;
}
