// The console: who is signed in, which page is shown. Each page is a module that is loaded when it is
// opened first. Start reading at App; pages are in pages/, what they are made of in parts/.
import {html, render, useEffect, useState} from './html.js';
import {whenSignedOut} from './api.js';
import {current, signOut} from './session.js';
import {useRoute} from './router.js';
import {Loading, Problem} from './parts/notice.js';
import {Page} from './parts/page.js';
import {SignIn, SignInAgain} from './pages/signin.js';
import {Shell} from './shell.js';
import {find} from './pages.js';

function App() {
  const [session, setSession] = useState(); // undefined: not known yet; null: nobody is signed in
  const [ended, setEnded] = useState(false); // the session, while a page was shown
  const [error, setError] = useState();
  useEffect(() => {
    whenSignedOut(() => setEnded(true));
    current().then((s) => setSession(s ?? null), setError);
    // To ask for the session renews one that is half over, so that a page that is used does not end.
    const timer = setInterval(() => document.hidden || current().catch(() => {}), 3_600_000);
    return () => clearInterval(timer);
  }, []);
  if (error) return html`<main class="alone"><${Problem} error=${error} retry=${() => location.reload()} /></main>`;
  if (session === undefined) return html`<main class="alone"><${Loading} /></main>`;
  const leave = () => signOut().then(() => setSession(null), setError); // with an error the cookie is still there
  const enter = (entered) => { // null to leave the page
    setSession(entered);
    setEnded(false);
  };
  if (session === null) return html`<${SignIn} onSignedIn=${enter} />`;
  return html`<${Shell} session=${session} onSignOut=${leave}><${Router} session=${session} /></${Shell}>
    ${ended && html`<${SignInAgain} onSignedIn=${enter} onClose=${() => enter(null)} />`}`;
}

// Router shows the page of the address.
function Router({session}) {
  const route = useRoute();
  const [shown, setShown] = useState({});
  const found = find(route.path);
  useEffect(() => {
    let wanted = true;
    found?.load().then(
      (module) => wanted && setShown({file: found.file, component: module.default}),
      (error) => wanted && setShown({file: found.file, error}));
    return () => { wanted = false; };
  }, [found?.file]);
  if (!found) {
    return html`<${Page} title="There is no such page"><p>The console has no page at this address.
      <a href="#/jobs">Go to the jobs.</a></p></${Page}>`;
  }
  if (shown.file !== found.file) return html`<${Loading} />`;
  if (shown.error) return html`<${Problem} error=${shown.error} retry=${() => location.reload()} />`;
  const key = found.file + found.names.join('/'); // another thing is another page
  return html`<${shown.component} key=${key} session=${session} route=${route} names=${found.names} />`;
}

render(html`<${App} />`, document.getElementById('app'));
