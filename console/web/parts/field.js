// Fields of forms: a label, an input, a hint and an error that belong together for everybody.
import {html, useId} from '../html.js';

// Field is one field. onInput is given the new text. kind is the type of the input: text, number,
// password, area (several lines), or select with options [{value, title}] or texts.
export function Field({label, hint, error, kind = 'text', options = [], value, onInput, ...more}) {
  const id = useId();
  const about = [hint && id + '-hint', error && id + '-error'].filter(Boolean).join(' ') || undefined;
  const shared = {
    id, value, 'aria-describedby': about, 'aria-invalid': error ? 'true' : undefined,
    onInput: (e) => onInput(e.target.value), ...more,
  };
  let input;
  if (kind === 'select') {
    input = html`<select ...${shared}>${options.map((o) => html`<option key=${o.value ?? o}
      value=${o.value ?? o}>${o.title ?? o}</option>`)}</select>`;
  } else if (kind === 'area') {
    input = html`<textarea rows="8" spellcheck="false" ...${shared}></textarea>`;
  } else {
    input = html`<input type=${kind} ...${shared} />`;
  }
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${input}
    ${hint && html`<p class="hint" id=${id + '-hint'}>${hint}</p>`}
    ${error && html`<p class="error" id=${id + '-error'}>${error}</p>`}
  </div>`;
}
