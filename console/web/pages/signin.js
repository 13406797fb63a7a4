// The sign-in: an operator key for a session.
import {html, useEffect, useState} from '../html.js';
import {signIn} from '../session.js';
import {Dialog} from '../parts/dialog.js';
import {Problem} from '../parts/notice.js';
import {Field} from '../parts/field.js';

const icon = new URL('../icon.svg', import.meta.url).href;

export function SignIn({onSignedIn}) {
  useEffect(() => { document.title = 'Sign in · Drover'; }, []);
  return html`<main class="alone"><${Form} onSignedIn=${onSignedIn} title="Sign in to Drover" /></main>`;
}

// SignInAgain is above a page whose session has ended, so that what was typed into it is not lost.
export function SignInAgain({onSignedIn, onClose}) {
  return html`<${Dialog} title="Sign in again" onClose=${onClose}>
    <p>The session has ended. What was typed is still here.</p>
    <${Form} onSignedIn=${onSignedIn} />
  </${Dialog}>`;
}

function Form({onSignedIn, title}) {
  const [id, setId] = useState('');
  const [secret, setSecret] = useState('');
  const [state, setState] = useState({});
  const submit = async (event) => {
    event.preventDefault();
    setState({busy: true});
    try {
      onSignedIn(await signIn(id.trim(), secret.trim()));
    } catch (error) {
      setState({error});
    }
  };
  return html`<form class=${title ? 'card signin' : 'signin'} onSubmit=${submit}>
      ${title && html`<img src=${icon} alt="" width="48" height="48" />
      <h1>${title}</h1>`}
      <${Field} label="Access key ID" value=${id} onInput=${setId} required autofocus
        autocomplete="username" spellcheck=${false} autocapitalize="off" />
      <${Field} label="Secret access key" kind="password" value=${secret} onInput=${setSecret} required
        autocomplete="current-password" />
      <${Problem} error=${state.error} />
      <button type="submit" class="primary" disabled=${state.busy}>Sign in</button>
      <p class="hint">The keys of this server are listed by <code>drover keys list</code> on its machine;
        <code>drover keys create --role viewer</code> makes one that can only look.</p>
    </form>`;
}
