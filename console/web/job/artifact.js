// An artifact for the document of a job, chosen from the server's own store.
import {html, useState} from '../html.js';
import {list, placeholder} from '../artifacts.js';
import {useDelayed, usePages} from '../data.js';
import {Dialog} from '../parts/dialog.js';
import {Field} from '../parts/field.js';
import {Loading, Problem} from '../parts/notice.js';
import {bytes} from '../parts/number.js';

// ChooseArtifact is a dialog with the artifacts. onChoose is given the placeholder of one.
export function ChooseArtifact({onChoose, onClose}) {
  const [text, setText] = useState('');
  const prefix = useDelayed(text);
  const pages = usePages(async (token, signal) => {
    const {bucket, items, next} = await list(prefix, token, signal, 20);
    return {items: items.map((a) => ({...a, bucket})), next};
  }, [prefix]);
  return html`<${Dialog} title="Insert an artifact" onClose=${onClose}>
    <p>Each device gets a URL of its own in place of it, for a while.</p>
    <${Field} label="Key" kind="search" value=${text} onInput=${setText} hint="The beginning of a key, such as pumps/" />
    <${Problem} error=${pages.error} />
    ${pages.loading && pages.items.length === 0 && html`<${Loading} />`}
    <ul class="found" aria-label="Artifacts">${pages.items.map((a) => html`<li key=${a.key}>
      <button type="button" onClick=${() => onChoose(placeholder(a.bucket, a.key))}>${a.key} <span class="quiet">${bytes(a.size)}</span></button></li>`)}
      ${!pages.loading && !pages.error && pages.items.length === 0 && html`<li class="quiet">${prefix ? `No key begins with ${prefix}.` : 'There is no artifact yet.'}</li>`}</ul>
    <div class="actions">
      ${pages.more && html`<button type="button" disabled=${pages.loading} onClick=${pages.more}>Show more</button>`}
      <button type="button" onClick=${onClose}>Back</button></div>
  </${Dialog}>`;
}

// insert puts a text into a JSON document, in place of what is selected from start to end, and with
// quotes unless it is within a string. Without a place it becomes the member url.
export function insert(document, place, text) {
  if (!place) {
    try {
      const value = JSON.parse(document);
      if (value && typeof value === 'object' && !Array.isArray(value)) return JSON.stringify({...value, url: text}, null, 2);
    } catch { // a document that is no JSON yet: at its end
    }
  }
  const [start, end] = place ?? [document.length, document.length];
  const before = document.slice(0, start);
  const quoted = JSON.stringify(text);
  return before + (withinString(before) ? quoted.slice(1, -1) : quoted) + document.slice(end);
}

// withinString reports whether the end of a text of JSON is within a string.
function withinString(text) {
  return (text.replace(/\\./g, '').match(/"/g) ?? []).length % 2 === 1;
}
