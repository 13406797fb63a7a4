// Who has changed what, and whether the records are as they were made.
import {html, useEffect, useRef, useState} from '../html.js';
import {get} from '../api.js';
import {setQuery} from '../router.js';
import {useDelayed} from '../data.js';
import {Page, Section} from '../parts/page.js';
import {Field} from '../parts/field.js';
import {Problem} from '../parts/notice.js';
import {Records} from '../parts/records.js';
import {count} from '../parts/number.js';

export default function Audit({route}) {
  const {resource = '', operator = ''} = route.query;
  return html`<${Page} title="Audit" actions=${html`<${Verify} />`}>
    <form class="filters" role="search" onSubmit=${(e) => e.preventDefault()}>
      <${Field} label="Resource" kind="search" placeholder="job/firmware-7" value=${resource} onInput=${(text) => setQuery({resource: text})} />
      <${Field} label="Operator" kind="search" placeholder="the name of a key" value=${operator} onInput=${(text) => setQuery({operator: text})} />
    </form>
    <${Section} title="Records"><${Records} resource=${useDelayed(resource.trim()) || undefined} operator=${useDelayed(operator.trim()) || undefined} /></${Section}>
  </${Page}>`;
}

// Verify checks the chain of records page by page, and says how far it is.
function Verify() {
  const [state, setState] = useState({});
  const aborter = useRef();
  useEffect(() => () => aborter.current?.abort(), []);
  const verify = async () => {
    const {signal} = aborter.current = new AbortController();
    setState({busy: true, reached: 0});
    try {
      for (let after = {}; ;) {
        const answer = await get('/_drover/audit/verify', after, {signal});
        setState({busy: answer.more && !answer.misfit, reached: answer.reached.number, misfit: answer.misfit});
        if (answer.misfit || !answer.more) return;
        after = {after: answer.reached.number, afterHash: answer.reached.hash, cut: answer.cut};
      }
    } catch (error) {
      if (error.name !== 'AbortError') setState({error});
    }
  };
  const {busy, reached, misfit, error} = state;
  return html`<span role="status">${misfit ? html`<b class="error">Record ${misfit.number} does not fit: ${misfit.reason}</b>`
      : reached !== undefined && (busy ? `${count(reached)} records fit so far…` : `All ${count(reached)} records fit.`)}</span>
    <${Problem} error=${error} />
    <button type="button" disabled=${busy} onClick=${verify}>Verify the chain</button>`;
}
