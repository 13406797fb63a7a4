// Who may do what: a question to the policies, decided by the same code as on a connection.
import {html, useState} from '../html.js';
import {send} from '../api.js';
import {arn} from '../session.js';
import {Field} from './field.js';
import {Problem} from './notice.js';

const kinds = {CONNECT: 'client', PUBLISH: 'topic', SUBSCRIBE: 'topicfilter', RECEIVE: 'topic'};

// Simulator asks about a certificate, or about a policy that is taken as attached.
export function Simulator({session, principal, policy, client = ''}) {
  const [form, setForm] = useState({client, action: 'PUBLISH', resource: `$aws/things/${client || 'pump-07'}/jobs/get`});
  const [state, setState] = useState({});
  const set = (members) => setForm((f) => ({...f, ...members}));
  const ask = async (event) => {
    event.preventDefault();
    setState({busy: true});
    try {
      const {authResults: [result]} = await send('POST', '/test-authorization?' + new URLSearchParams({clientId: form.client}), {
        principal,
        policyNamesToAdd: policy ? [policy] : undefined,
        authInfos: [{actionType: form.action, resources: [arn(session, kinds[form.action], form.resource)]}],
      });
      setState({result});
    } catch (error) {
      setState({error});
    }
  };
  return html`<form onSubmit=${ask}><div class="columns">
      <${Field} label="Client id" value=${form.client} onInput=${(text) => set({client: text})} required />
      <${Field} label="Action" kind="select" value=${form.action} onInput=${(action) => set({action})} options=${Object.keys(kinds)} />
      <${Field} label=${form.action === 'CONNECT' ? 'As client' : form.action === 'SUBSCRIBE' ? 'Topic filter' : 'Topic'} value=${form.resource} onInput=${(resource) => set({resource})} required />
    </div>
    <button type="submit" disabled=${state.busy}>May it?</button>
    <${Problem} error=${state.error} />
    <div role="status">${state.result && html`<${Answer} result=${state.result} />`}</div>
  </form>`;
}

function Answer({result: {authDecision, allowed, denied, missingContextValues = []}}) {
  const names = (policies = []) => policies.map((p) => p.policyName).join(', ');
  if (authDecision === 'ALLOWED') return html`<p><b class="good">Allowed</b> by ${names(allowed?.policies) || 'its policies'}.</p>`;
  const explicit = names(denied?.explicitDeny?.policies);
  return html`<p><b>Denied</b>: ${explicit ? `the policy ${explicit} denies it.` : 'no policy allows it.'}
    ${missingContextValues.length > 0 && ` Without a value: ${missingContextValues.join(', ')}.`}</p>`;
}
