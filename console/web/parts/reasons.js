// An explanation: a verdict, and the reasons in the order in which they bind.
import {html} from '../html.js';
import {ago, Time} from './time.js';
import {toDate} from '../clock.js';
import {words} from './status.js';

const meaning = {
  DONE: 'Nothing more is to come.',
  RUNNING: 'It goes on.',
  WAITING: 'Every reason goes away by itself.',
  BLOCKED: 'A reason stays until somebody acts.',
  NOT_TARGETED: 'The job is not about this thing.',
  UNKNOWN_THING: 'There is no such thing.',
};

export function Reasons({explanation}) {
  const {verdict, reasons} = explanation;
  return html`<p><b class=${'verdict ' + verdict}>${words(verdict)}</b> <span class="quiet">${meaning[verdict]}</span></p>
    ${reasons.length > 0 && html`<ol class="reasons">${reasons.map((r) => html`<li key=${r.code + r.text}>
      ${r.text}
      <span class="quiet small"> ${r.since && html`since <${Time} at=${r.since} />`}
        ${r.until && html` until <${Time} at=${r.until} /> (${ago(toDate(r.until))})`}
        ${r.expected && html` expected <${Time} at=${r.expected} /> (${ago(toDate(r.expected))})`}</span>
    </li>`)}</ol>`}`;
}
