// Signs that stand beside words. They are drawn, because not every font has such characters.
import {html} from '../html.js';

const round = 'M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13z';

// paths are drawn with a line in a square of 16.
const paths = {
  check: 'M3 8.5l3.5 3.5L13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  circle: round,
  play: 'M5 3l8 5l-8 5z',
  pause: 'M5 3v10M11 3v10',
  clock: round + 'M8 4.5V8l2.5 2',
  slash: round + 'M3.5 12.5l9-9',
  minus: round + 'M5 8h6',
  dash: 'M4 8h8',
  glass: 'M4 2h8M4 14h8M5 2c0 6 6 6 6 12M11 2c0 6-6 6-6 12',
  warning: 'M8 2L1.5 14h13zM8 6.5v3.5M8 12v.2',
  dot: 'M8 7.5v1',
  plug: 'M6 2v4M10 2v4M4 6h8v2a4 4 0 0 1-8 0zM8 12v3',
};

export function Icon({name}) {
  return html`<svg class="icon" viewBox="0 0 16 16" width="1em" height="1em" aria-hidden="true" focusable="false">
    <path d=${paths[name] ?? paths.dot} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" /></svg>`;
}
