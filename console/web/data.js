// How a component gets what it shows.
import {useCallback, useEffect, useRef, useState} from './html.js';
import {setServerTime} from './clock.js';
import {checkSession} from './session.js';

// useLoad calls load when one of the values in on changes, and when reload is called. It returns
// {data, error, loading, reload}. The data of before stay until the new ones are there, or until they
// cannot be loaded, unless on is the same: what a reader sees with an error is of what was asked for.
// load is given a signal, which ends the request when its answer is no longer wanted.
export function useLoad(load, on) {
  const [state, setState] = useState({loading: true});
  const [count, setCount] = useState(0);
  useEffect(() => {
    const aborter = new AbortController();
    setState((before) => ({...before, loading: true}));
    load(aborter.signal).then(
      (data) => setState({data, on, loading: false}),
      (error) => {
        if (error.name === 'AbortError') return;
        setState((before) => ({data: same(before.on, on) ? before.data : undefined, on, error, loading: false}));
      });
    return () => aborter.abort();
  }, [...on, count]);
  const reload = useCallback(() => setCount((n) => n + 1), []);
  return {...state, reload};
}

const same = (before = [], after) => before.length === after.length && before.every((value, i) => value === after[i]);

// mostReadAgain is from how many items on a list is not read further when it is read again.
const mostReadAgain = 500;

// usePages reads a list page by page. load is given a page token and a signal, and returns {items,
// next}. It returns {items, error, loading, more, reload}; more is undefined at the end of the list.
// When reload is called, and when turn changes, the list is read again as far as it is shown, up to
// mostReadAgain items.
export function usePages(load, on, turn) {
  const [state, setState] = useState({items: [], loading: true});
  const [count, setCount] = useState(0);
  const aborter = useRef();
  const shown = useRef(); // the values of on that the items are of
  // read adds what follows a token to the items of before, until there are at least so many.
  const read = (token, before, least = 0) => {
    aborter.current?.abort();
    const {signal} = aborter.current = new AbortController();
    setState((s) => ({...s, loading: true}));
    readUntil(load, token, before, least, signal).then(
      (pages) => {
        shown.current = on;
        setState({...pages, loading: false});
      },
      (error) => {
        if (error.name === 'AbortError') return;
        // A token is of the list that it came with: the next page of another list has none.
        setState((s) => ({...s, next: same(shown.current, on) ? s.next : undefined, error, loading: false}));
      });
  };
  useEffect(() => {
    read(undefined, [], same(shown.current, on) ? Math.min(state.items.length, mostReadAgain) : 0);
    return () => aborter.current.abort();
  }, [...on, count, turn]);
  return {
    ...state,
    more: state.next && (() => read(state.next, state.items)),
    reload: useCallback(() => setCount((n) => n + 1), []),
  };
}

async function readUntil(load, token, before, least, signal) {
  let items = before, next = token;
  do {
    const page = await load(next, signal);
    items = [...items, ...page.items ?? []];
    next = page.next;
  } while (next && items.length < least);
  return {items, next};
}

// useLive calls heard with each event of a topic, such as job:rollout-7, as long as the component
// is shown and the page can be seen. The members of an event are those that the server sends, and
// missed: the connection was interrupted, so changes may have been missed since the event before.
export function useLive(topic, heard) {
  const latest = useRef();
  latest.current = heard;
  useEffect(() => {
    if (!topic) return undefined;
    let source, again, begun;
    const open = () => {
      if (document.hidden || source) return;
      source = new EventSource('/_drover/console/live?topic=' + encodeURIComponent(topic));
      source.onerror = () => {
        if (source?.readyState === EventSource.CLOSED) { // refused; one that breaks comes again itself
          close();
          checkSession();
          again = setTimeout(open, 10_000);
        }
      };
      source.onmessage = ({data}) => {
        const event = JSON.parse(data);
        setServerTime(event.now);
        latest.current({...event, missed: Boolean(event.first && begun)});
        begun = true;
      };
    };
    const close = () => {
      source?.close();
      source = undefined;
    };
    const seen = () => document.hidden ? close() : open();
    document.addEventListener('visibilitychange', seen);
    open();
    return () => {
      document.removeEventListener('visibilitychange', seen);
      clearTimeout(again);
      close();
    };
  }, [topic]);
}

// useDelayed is a value that follows another when that has not changed for some milliseconds: what
// is typed is asked for once, and not with each letter.
export function useDelayed(value, milliseconds = 300) {
  const [delayed, setDelayed] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setDelayed(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return delayed;
}

// useRarely is a value that follows another at most every so many milliseconds: what is costly to
// ask for follows changes that come all the time, and the last of them in any case.
export function useRarely(value, milliseconds = 5000) {
  const [followed, setFollowed] = useState(value);
  const last = useRef(0); // when it followed, by the clock of the page
  useEffect(() => {
    const follow = () => {
      last.current = performance.now();
      setFollowed(value);
    };
    const timer = setTimeout(follow, Math.max(0, last.current + milliseconds - performance.now()));
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return followed;
}
