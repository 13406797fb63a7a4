// What stands around every page: the name of the server, the places to go, who is signed in.
import {html, useEffect, useState} from './html.js';
import {useRoute} from './router.js';

const icon = new URL('icon.svg', import.meta.url).href;

// places are those of the navigation: the first part of their route, and what they are called.
const places = [['jobs', 'Jobs'], ['things', 'Things'], ['groups', 'Groups'], ['certificates', 'Certificates'],
  ['policies', 'Policies'], ['templates', 'Templates'], ['artifacts', 'Artifacts'], ['sinks', 'Sinks'],
  ['nodes', 'Nodes'], ['audit', 'Audit']];

export function Shell({session, onSignOut, children}) {
  const {path} = useRoute();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path.join('/')]); // a narrow screen shows the page that was chosen
  const here = path[0] ?? 'jobs';
  const skip = (event) => { // not by an address: the fragment is the route
    event.preventDefault();
    document.querySelector('main h1')?.focus();
  };
  return html`<div class="shell">
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header class="top">
      <button type="button" class="menu" aria-expanded=${open} aria-controls="places"
        onClick=${() => setOpen(!open)}>Menu</button>
      <a class="brand" href="#/jobs"><img src=${icon} alt="" width="24" height="24" /> Drover</a>
      <span class="place">${session.account} · ${session.region}</span>
      ${session.clock === 'virtual' && html`<span class="badge" title="Time stands still until it is moved: drover clock">virtual clock</span>`}
      <span class="who"><span class="name">${session.name} </span><span class="badge">${session.role}</span></span>
      <${Theme} />
      <button type="button" class="plain" onClick=${onSignOut}>Sign out</button>
    </header>
    <nav id="places" class=${open ? 'places open' : 'places'} aria-label="Places">
      <ul>${places.map(([route, title]) => html`<li key=${route}><a href=${'#/' + route}
        aria-current=${route === here ? 'page' : undefined}>${title}</a></li>`)}</ul>
    </nav>
    <main id="main">${children}</main>
  </div>`;
}

const themes = ['system', 'light', 'dark'];

// Theme chooses between light, dark and what the system says.
function Theme() {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme);
  const choose = (event) => {
    const chosen = event.target.value;
    try {
      localStorage.setItem('drover-theme', chosen);
    } catch {
      // The browser lets no page store anything: the choice holds for this visit.
    }
    document.documentElement.dataset.theme = chosen;
    setTheme(chosen);
    dispatchEvent(new Event('themechange')); // charts draw their colours themselves
  };
  return html`<label class="theme"><span class="visually-hidden">Theme</span>
    <select value=${theme} onChange=${choose}>
      ${themes.map((t) => html`<option key=${t} value=${t}>${t}</option>`)}
    </select></label>`;
}
