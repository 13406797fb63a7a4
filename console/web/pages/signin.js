// The sign-in: an operator key for a session.
import {html, useEffect, useState} from '../html.js';
import {signIn} from '../session.js';
import {Problem} from '../parts/notice.js';
import {Field} from '../parts/field.js';

const icon = new URL('../icon.svg', import.meta.url).href;

export function SignIn({onSignedIn}) {
  const [id, setId] = useState('');
  const [secret, setSecret] = useState('');
  const [state, setState] = useState({});
  useEffect(() => { document.title = 'Sign in · Drover'; }, []);
  const submit = async (event) => {
    event.preventDefault();
    setState({busy: true});
    try {
      onSignedIn(await signIn(id.trim(), secret.trim()));
    } catch (error) {
      setState({error});
    }
  };
  return html`<main class="alone">
    <form class="card signin" onSubmit=${submit}>
      <img src=${icon} alt="" width="48" height="48" />
      <h1>Sign in to Drover</h1>
      <${Field} label="Access key ID" value=${id} onInput=${setId} required autofocus
        autocomplete="username" spellcheck=${false} autocapitalize="off" />
      <${Field} label="Secret access key" kind="password" value=${secret} onInput=${setSecret} required
        autocomplete="current-password" />
      <${Problem} error=${state.error} />
      <button type="submit" class="primary" disabled=${state.busy}>Sign in</button>
      <p class="hint">The keys of this server are listed by <code>drover keys list</code> on its machine;
        <code>drover keys create --role viewer</code> makes one that can only look.</p>
    </form>
  </main>`;
}
