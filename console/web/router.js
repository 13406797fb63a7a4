// Where the reader is: the fragment of the address, such as #/jobs/rollout-7?tab=executions. The
// paths themselves belong to the API.
import {useEffect, useState} from './html.js';

// here is the route of the address: {path: ['jobs', 'rollout-7'], query: {tab: 'executions'}}.
export function here() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return {
    path: path.split('/').filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody has typed a lone %
  }
}

// useRoute is the route, which changes with the address.
export function useRoute() {
  const [route, setRoute] = useState(here);
  useEffect(() => {
    const changed = () => setRoute(here());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

// href is the address of a route: href(['jobs', id], {tab: 'events'}).
export function href(path, query = {}) {
  const set = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(set).toString();
  return '#/' + path.map(encodeURIComponent).join('/') + (text && '?' + text);
}

// go opens a route. With replace it does so without a step that the back button returns to.
export function go(path, query, {replace} = {}) {
  if (replace) location.replace(href(path, query));
  else location.hash = href(path, query);
}

// setQuery changes the query of the route, without a step of the back button for each letter.
export function setQuery(changes) {
  const {path, query} = here();
  go(path, {...query, ...changes}, {replace: true});
}
