// Times in the zone of the browser, with UTC on hover; and lengths of time.
import {html} from '../html.js';
import {serverNow, toDate} from '../clock.js';

const day = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'short'});
const exact = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'medium'});
const distance = new Intl.RelativeTimeFormat(undefined, {numeric: 'auto'});

const units = [['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3_600],
  ['minute', 60], ['second', 1]];

// Time shows a time: seconds since 1970, or a text of ISO 8601. With relative it says how far away
// that is.
export function Time({at, relative, none = '–'}) {
  const date = toDate(at);
  if (!date || Number.isNaN(date.getTime())) return html`<span class="quiet">${none}</span>`;
  const utc = date.toISOString().replace('T', ' ').replace(/\.\d+Z/, ' UTC');
  return html`<time datetime=${date.toISOString()} title=${`${exact.format(date)} · ${utc}`}>
    ${relative ? ago(date) : day.format(date)}</time>`;
}

// ago is the distance of a time from the server's: "5 minutes ago".
export function ago(date) {
  const seconds = (date - serverNow()) / 1000;
  const [unit, length] = units.find(([, l]) => Math.abs(seconds) >= l) ?? units.at(-1);
  return distance.format(Math.round(seconds / length), unit);
}

// span is a length of time in words: "2 d 4 h". It is given in seconds.
export function span(seconds) {
  if (seconds === undefined || seconds === null) return '–';
  const parts = [];
  let left = Math.round(seconds);
  for (const [letter, length] of [['d', 86_400], ['h', 3_600], ['min', 60], ['s', 1]]) {
    const n = Math.floor(left / length);
    left -= n * length;
    if (n > 0) parts.push(`${n} ${letter}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}
