// How a component gets what it shows.
import {useCallback, useEffect, useRef, useState} from './html.js';
import {setServerTime} from './clock.js';

// useLoad calls load when one of the values in on changes, and when reload is called. It returns
// {data, error, loading, reload}. The data of before stay until the new ones are there. load is
// given a signal, which ends the request when its answer is no longer wanted.
export function useLoad(load, on) {
  const [state, setState] = useState({loading: true});
  const [count, setCount] = useState(0);
  useEffect(() => {
    const aborter = new AbortController();
    setState((before) => ({...before, loading: true}));
    load(aborter.signal).then(
      (data) => setState({data, loading: false}),
      (error) => {
        if (error.name !== 'AbortError') setState((before) => ({...before, error, loading: false}));
      });
    return () => aborter.abort();
  }, [...on, count]);
  const reload = useCallback(() => setCount((n) => n + 1), []);
  return {...state, reload};
}

// usePages reads a list page by page. load is given a page token and a signal, and returns {items,
// next}. It returns {items, error, loading, more, reload}; more is undefined at the end of the list.
export function usePages(load, on) {
  const [state, setState] = useState({items: [], loading: true});
  const [count, setCount] = useState(0);
  const aborter = useRef();
  const read = (token, before) => {
    aborter.current?.abort();
    const {signal} = aborter.current = new AbortController();
    setState((s) => ({...s, loading: true}));
    load(token, signal).then(
      ({items = [], next}) => setState({items: [...before, ...items], next, loading: false}),
      (error) => {
        if (error.name !== 'AbortError') setState((s) => ({...s, error, loading: false}));
      });
  };
  useEffect(() => {
    read(undefined, []);
    return () => aborter.current.abort();
  }, [...on, count]);
  return {
    ...state,
    more: state.next && (() => read(state.next, state.items)),
    reload: useCallback(() => setCount((n) => n + 1), []),
  };
}

// useLive calls heard with each event of a topic, such as job:rollout-7, as long as the component
// is shown and the page can be seen. It returns whether the connection stands.
export function useLive(topic, heard) {
  const [connected, setConnected] = useState(false);
  const latest = useRef();
  latest.current = heard;
  useEffect(() => {
    if (!topic) return undefined;
    let source, again;
    const open = () => {
      if (document.hidden || source) return;
      source = new EventSource('/_drover/console/live?topic=' + encodeURIComponent(topic));
      source.onopen = () => setConnected(true);
      source.onerror = () => {
        setConnected(false);
        if (source?.readyState === EventSource.CLOSED) { // refused; one that breaks comes again itself
          close();
          again = setTimeout(open, 10_000);
        }
      };
      source.onmessage = ({data}) => {
        const event = JSON.parse(data);
        setServerTime(event.now);
        latest.current(event);
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
  return connected;
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
