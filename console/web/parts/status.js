// Statuses of jobs and of executions: a word, a sign and a colour, so that no colour alone says it.
import {html} from '../html.js';
import {Icon} from './icon.js';
import {count} from './number.js';

// statuses are those of executions, in the order in which bars and legends show them.
export const statuses = ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'REJECTED', 'CANCELED', 'REMOVED',
  'IN_PROGRESS', 'QUEUED'];

const signs = {
  SCHEDULED: 'clock', IN_PROGRESS: 'play', PAUSED: 'pause', CANCELED: 'slash', COMPLETED: 'check',
  DELETION_IN_PROGRESS: 'cross', QUEUED: 'circle', SUCCEEDED: 'check', FAILED: 'cross',
  TIMED_OUT: 'glass', REJECTED: 'minus', REMOVED: 'dash', ACTIVE: 'check', INACTIVE: 'circle',
  REVOKED: 'slash', PENDING_ACTIVATION: 'glass',
};

// words is a status as a person reads it: "in progress".
export const words = (status) => (status ?? '').toLowerCase().replaceAll('_', ' ');

export function Status({status}) {
  return html`<span class=${`status ${status}`}><span><${Icon} name=${signs[status]} /></span>${' '}${words(status)}</span>`;
}

// members are the names of the counts in jobProcessDetails, by status.
const members = {
  QUEUED: 'numberOfQueuedThings', IN_PROGRESS: 'numberOfInProgressThings',
  SUCCEEDED: 'numberOfSucceededThings', FAILED: 'numberOfFailedThings',
  REJECTED: 'numberOfRejectedThings', TIMED_OUT: 'numberOfTimedOutThings',
  REMOVED: 'numberOfRemovedThings', CANCELED: 'numberOfCanceledThings',
};

// countsOf are the counts by status of jobProcessDetails.
export function countsOf(details = {}) {
  return Object.fromEntries(statuses.map((s) => [s, details[members[s]] ?? 0]));
}

export const total = (counts) => Object.values(counts).reduce((sum, n) => sum + n, 0);
export const ended = (counts) => total(counts) - counts.QUEUED - counts.IN_PROGRESS;

// Bar shows counts by status as parts of a whole, which is the number of targets or the sum.
export function Bar({counts, of = total(counts)}) {
  const shown = statuses.filter((s) => counts[s] > 0);
  const text = shown.map((s) => `${count(counts[s])} ${words(s)}`).join(', ') || 'nothing released';
  return html`<div class="bar" role="img" aria-label=${`${text}, of ${count(of)}`} title=${text}>
    ${shown.map((s) => html`<span key=${s} class=${s} style=${{flexGrow: counts[s]}}></span>`)}
    <span class="rest" style=${{flexGrow: Math.max(0, of - total(counts))}}></span>
  </div>`;
}

// Legend names the counts beside their signs.
export function Legend({counts, link}) {
  return html`<ul class="legend">
    ${statuses.map((s) => html`<li key=${s} class=${counts[s] ? '' : 'quiet'}>
      <${Status} status=${s} />${' '}
      ${link && counts[s] ? html`<a href=${link(s)}>${count(counts[s])}</a>` : html`<b>${count(counts[s])}</b>`}
    </li>`)}
  </ul>`;
}
