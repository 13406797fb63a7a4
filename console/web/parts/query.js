// A field for queries of the fleet, such as thingTypeName:pump AND attributes.hw:b2. While one types
// it offers what may come next.
import {html, useId, useState} from '../html.js';

const fields = ['thingName:', 'thingTypeName:', 'thingGroupNames:', 'connectivity.connected:true',
  'connectivity.connected:false', 'connectivity.timestamp:', 'attributes.'];
const joins = ['AND ', 'OR ', 'NOT '];

// suggest is what may stand in the place of the last word of a text. names are those of attributes.
export function suggest(text, names = []) {
  const word = /[^\s(]*$/.exec(text)[0];
  const all = [...fields, ...names.map((name) => `attributes.${name}:`), ...(/[^\s(:]\s+$|\)\s*$/.test(text) ? joins : [])];
  return all.filter((one) => one.toLowerCase().startsWith(word.toLowerCase()) && one !== word).slice(0, 8);
}

// Query is the field. names are the names of attributes that are known.
export function Query({label = 'Query', value, onInput, names, hint, error}) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const offered = open ? suggest(value, names) : [];
  const take = (text) => {
    onInput(value.replace(/[^\s(]*$/, text));
    setAt(-1);
  };
  const key = (event) => {
    if (event.key === 'ArrowDown' && offered.length > 0) setAt((at + 1) % offered.length);
    else if (event.key === 'ArrowUp' && offered.length > 0) setAt((at - 1 + offered.length) % offered.length);
    else if ((event.key === 'Enter' || event.key === 'Tab') && offered[at]) take(offered[at]);
    else if (event.key === 'Escape' && offered.length > 0) setOpen(false);
    else return;
    event.preventDefault();
  };
  return html`<div class="field query">
    <label for=${id}>${label}</label>
    <input id=${id} type="text" role="combobox" autocomplete="off" spellcheck="false" value=${value}
      placeholder="thingTypeName:pump AND attributes.hw:b2"
      aria-expanded=${offered.length > 0} aria-controls=${id + '-list'} aria-autocomplete="list" aria-invalid=${error ? 'true' : undefined}
      aria-describedby=${id + '-hint'} aria-activedescendant=${offered[at] ? `${id}-${at}` : undefined}
      onInput=${(e) => { setOpen(true); onInput(e.target.value); }} onKeyDown=${key} onFocus=${() => setOpen(true)}
      onBlur=${() => { setOpen(false); setAt(-1); }} />
    <ul id=${id + '-list'} role="listbox" aria-label="Suggestions" hidden=${offered.length === 0}>
      ${offered.map((one, i) => html`<li key=${one} id=${`${id}-${i}`} role="option" aria-selected=${i === at}
        onMouseDown=${(e) => { e.preventDefault(); take(one); }}>${one}</li>`)}</ul>
    <p class=${error ? 'error' : 'hint'} id=${id + '-hint'}>${error ?? hint ?? 'A field and a value; * stands for any text. AND, OR, NOT and parentheses join them.'}</p>
  </div>`;
}
