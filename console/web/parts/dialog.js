// Dialogs: the browser's own element, which keeps the focus inside and ends with Escape.
import {html, useEffect, useId, useRef, useState} from '../html.js';
import {Problem} from './notice.js';

// Dialog shows its children above the page until onClose is called.
export function Dialog({title, onClose, children}) {
  const element = useRef();
  const id = useId(); // one dialog may be above another
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    // The dialog is gone from the page by now, so the browser does not give the focus back itself.
    return () => (before.isConnected ? before : document.querySelector('main h1'))?.focus();
  }, []);
  return html`<dialog ref=${element} aria-labelledby=${id}
      onCancel=${(e) => { e.preventDefault(); onClose(); }}>
    <h2 id=${id}>${title}</h2>
    ${children}
  </dialog>`;
}

// Confirm asks before something is done. what says how many devices it concerns; act does it, and is
// given the reason when reason is set, which names the field for it. An error of act stays in place.
// The dialog stays until act has ended: nobody can take back what was sent.
export function Confirm({title, what, verb, danger, reason, children, act, onClose}) {
  const [state, setState] = useState({});
  const [why, setWhy] = useState('');
  const submit = async (event) => {
    event.preventDefault();
    setState({busy: true});
    try {
      await act(why);
      onClose(true);
    } catch (error) {
      setState({error});
    }
  };
  const back = () => state.busy || onClose(false);
  return html`<${Dialog} title=${title} onClose=${back}>
    <form onSubmit=${submit}>
      <p>${what}</p>
      ${children}
      ${reason && html`<label class="field"><span>${reason}</span>
        <input value=${why} maxlength="256" onInput=${(e) => setWhy(e.target.value)} /></label>`}
      <${Problem} error=${state.error} />
      <div class="actions">
        <button type="button" disabled=${state.busy} onClick=${back}>Back</button>
        <button type="submit" class=${danger ? 'danger' : 'primary'} disabled=${state.busy}>${verb}</button>
      </div>
    </form>
  </${Dialog}>`;
}
