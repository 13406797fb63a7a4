// The frame of every page: where one is, what it is called, what can be done.
import {html, useEffect, useRef} from '../html.js';

// Page shows a page. trail are the pages above: [{title, href}]. The heading gets the focus when the
// page is opened, so that a keyboard and a screen reader begin there.
export function Page({title, trail = [], actions, children}) {
  const heading = useRef();
  useEffect(() => {
    document.title = `${title} · Drover`;
  }, [title]);
  useEffect(() => heading.current.focus({preventScroll: true}), []);
  return html`<article class="page">
    ${trail.length > 0 && html`<nav class="trail" aria-label="Breadcrumb"><ol>
      ${trail.map((t) => html`<li key=${t.href}><a href=${t.href}>${t.title}</a></li>`)}
    </ol></nav>`}
    <header><h1 tabindex="-1" ref=${heading}>${title}</h1>
      ${actions && html`<div class="actions">${actions}</div>`}</header>
    ${children}
  </article>`;
}

// Section is a part of a page with a heading of its own.
export function Section({title, actions, children}) {
  return html`<section class="card"><header><h2>${title}</h2>
    ${actions && html`<div class="actions">${actions}</div>`}</header>${children}</section>`;
}

// Facts shows names and values: [[name, value], …]. Those without a value are left out.
export function Facts({facts}) {
  const shown = facts.filter(([, value]) => value || value === 0);
  return html`<dl class="facts">${shown.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

// Tabs are links, one of which is the one that is shown: [{title, href, current}].
export function Tabs({tabs, label}) {
  return html`<nav class="tabs" aria-label=${label}>${tabs.map((t) => html`<a key=${t.href} href=${t.href}
    aria-current=${t.current ? 'page' : undefined}>${t.title}</a>`)}</nav>`;
}
