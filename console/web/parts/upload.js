// Files that are put into the store of artifacts, one after the other. What is on its way ends when
// the page is left.
import {html, useEffect, useRef, useState} from '../html.js';
import {exists, put} from '../artifacts.js';
import {useLoad} from '../data.js';
import {announce} from './announce.js';
import {Field} from './field.js';
import {bytes, counted, percent} from './number.js';

// Upload asks for files and a folder, which begins as prefix, and uploads them. stored is called when
// the list has changed.
export function Upload({prefix, stored}) {
  const [folder, setFolder] = useState(); // undefined: nobody has written one
  const [rows, setRows] = useState([]); // {file, key, state, sent, sum, error}
  const aborter = useRef();
  const input = useRef();
  useEffect(() => () => aborter.current?.abort(), []);
  const busy = rows.some((r) => r.state === 'sending');
  useEffect(() => {
    if (!busy) return undefined;
    const ask = (event) => event.preventDefault(); // the browser asks whether to leave
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [busy]);
  const waiting = rows.filter((r) => r.state === 'waiting');
  const set = (key, members) => setRows((all) => all.map((r) => r.key === key ? {...r, ...members} : r));
  const under = keyIn(folder ?? (prefix.endsWith('/') ? prefix : ''));
  const choose = (event) => {
    setRows([...event.target.files].map((file) => ({file, key: under(file), state: 'waiting'})));
  };
  const rename = (text) => {
    setFolder(text);
    setRows((all) => all.map((r) => r.state === 'waiting' ? {...r, key: keyIn(text)(r.file)} : r));
  };
  const start = async () => {
    const {signal} = aborter.current = new AbortController();
    for (const {file, key} of waiting) {
      if (signal.aborted) break;
      await send(file, key, signal, (members) => set(key, members));
    }
    if (signal.aborted) setRows((all) => all.map((r) => r.state === 'waiting' ? {...r, state: 'canceled'} : r));
    input.current.value = '';
    stored();
  };
  return html`<div class="columns">
      <label class="field"><span>Files</span><input ref=${input} type="file" multiple disabled=${busy} onChange=${choose} /></label>
      <${Field} label="Folder (optional)" value=${folder ?? (prefix.endsWith('/') ? prefix : '')} onInput=${rename} disabled=${busy}
        hint="The key of a file is the folder, a slash and its name." />
    </div>
    ${rows.length > 0 && html`<ul class="plain-list uploads" aria-label="Files to upload">${rows.map((r) => html`<${Row} key=${r.key} row=${r} />`)}</ul>`}
    <div class="actions">
      <button type="button" class="primary" disabled=${busy || waiting.length === 0} onClick=${start}>
        ${busy ? 'Uploading…' : waiting.length > 0 ? `Upload ${counted(waiting.length, 'file')}` : 'Upload'}</button>
      ${busy && html`<button type="button" onClick=${() => aborter.current.abort()}>Cancel</button>`}
    </div>`;
}

// keyIn says what the key of a file is in a folder.
const keyIn = (folder) => (file) => {
  const trimmed = folder.trim().replace(/\/+$/, '');
  return trimmed ? `${trimmed}/${file.name}` : file.name;
};

// send uploads one file, and tells what becomes of it.
async function send(file, key, signal, tell) {
  tell({state: 'sending', sent: 0});
  try {
    const {sha256} = await put(key, file, signal, (sent) => tell({sent}));
    tell({state: 'stored', sum: sha256});
    announce(`${key} is stored`);
  } catch (error) {
    if (error.name === 'AbortError') tell({state: 'canceled'});
    else tell({state: 'failed', error});
  }
}

// Row is one file: how far it is, and what it became.
function Row({row: {file, key, state, sent, sum, error}}) {
  const there = useLoad((signal) => state === 'waiting' ? exists(key, signal) : Promise.resolve(false), [key, state]);
  return html`<li>
    <p><b>${key}</b> <span class="quiet">${bytes(file.size)}</span></p>
    ${state === 'waiting' && there.data && html`<p class="warn">An artifact with this key is there; it will be replaced.</p>`}
    ${state === 'sending' && html`<p><progress max=${file.size || 1} value=${sent} aria-label=${`Upload of ${key}`}></progress>${' '}
      <span class="small">${sent < file.size ? `${percent(sent / file.size)}, ${bytes(sent)}` : 'The server writes it to its disk…'}</span></p>`}
    ${state === 'stored' && html`<p><span class="good">Stored.</span> SHA-256: <code class="small">${sum}</code></p>`}
    ${state === 'canceled' && html`<p class="quiet">Canceled; nothing of it is stored.</p>`}
    ${state === 'failed' && html`<p class="error" role="alert">${error.message}</p>`}
  </li>`;
}
