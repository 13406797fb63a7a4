// Errors in place, in the words of the API, and what stands where there is nothing yet.
import {html} from '../html.js';
import {Icon} from './icon.js';

// Problem shows an error, with a button when it can be tried again.
export function Problem({error, retry}) {
  if (!error) return null;
  return html`<div class="problem" role="alert">
    <p>${error.message}</p>
    ${error.code && html`<p class="quiet small">${error.code}</p>`}
    ${retry && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

// Warnings lists warnings of a forecast or of settings: [{code, message}].
export function Warnings({warnings = []}) {
  if (warnings.length === 0) return null;
  return html`<ul class="warnings" aria-label="Warnings">
    ${warnings.map((w) => html`<li key=${w.code + w.message}><${Icon} name="warning" /> ${w.message}</li>`)}
  </ul>`;
}

// Empty says what to do first where a list has no items.
export function Empty({title, children}) {
  return html`<div class="empty"><h2>${title}</h2>${children}</div>`;
}

// Loading keeps the place of what is not there yet.
export function Loading({what = 'Loading'}) {
  return html`<p class="loading" role="status">${what}…</p>`;
}
