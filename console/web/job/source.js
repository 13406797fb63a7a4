// The document of a new job: written as JSON, read from a file, made from a template, or fetched
// by the server from a link.
import {html, useRef, useState} from '../html.js';
import {at, get} from '../api.js';
import {useLoad} from '../data.js';
import {Field} from '../parts/field.js';
import {Problem} from '../parts/notice.js';
import {ChooseArtifact, insert} from './artifact.js';

export function Source({draft, set}) {
  return html`<${Field} label="The document" kind="select" value=${draft.source} onInput=${(source) => set({source})} options=${[
      {value: 'json', title: 'is written here, or comes from a file'},
      {value: 'template', title: 'comes from a template'},
      {value: 'link', title: 'is read from a link'},
    ]} />
    ${draft.source === 'json' && html`<${Json} draft=${draft} set=${set} />`}
    ${draft.source === 'template' && html`<${Template} draft=${draft} set=${set} />`}
    ${draft.source === 'link' && html`<${Field} label="Link" value=${draft.documentSource} placeholder="an object of S3, or a host of --document-hosts"
      onInput=${(documentSource) => set({documentSource})} hint="The server reads it once, when the job is created." />`}`;
}

function Json({draft, set}) {
  const read = async (event) => {
    const [file] = event.target.files;
    if (file) set({document: await file.text()});
  };
  const [choosing, setChoosing] = useState(false);
  const place = useRef(); // where the cursor was: [start, end]; undefined when it was never there
  const leave = ({target}) => { place.current = [target.selectionStart, target.selectionEnd]; };
  const choose = (text) => {
    set({document: insert(draft.document, place.current, text)});
    setChoosing(false);
  };
  const wrong = problem(draft.document);
  return html`<${Field} label="JSON" kind="area" value=${draft.document} error=${wrong} onInput=${(document) => set({document})} onBlur=${leave} />
    <p><button type="button" onClick=${() => setChoosing(true)}>Insert an artifact</button></p>
    ${choosing && html`<${ChooseArtifact} onChoose=${choose} onClose=${() => setChoosing(false)} />`}
    <label class="field"><span>From a file</span><input type="file" accept=".json,application/json" onChange=${read} /></label>`;
}

// problem says what is wrong with a text that should be JSON.
function problem(text) {
  try {
    JSON.parse(text);
    return undefined;
  } catch (err) {
    return text.trim() === '' ? 'A job needs a document.' : `This is no JSON: ${err.message}`;
  }
}

// Template chooses a template, and asks for the parameters of one that comes with the server.
function Template({draft, set}) {
  const {data, error, reload} = useLoad(async (signal) => {
    const [managed, own] = await Promise.all([
      get('/managed-job-templates', {maxResults: 250}, {signal}), get('/job-templates', {maxResults: 250}, {signal})]);
    return [
      ...own.jobTemplates.map((t) => ({arn: t.jobTemplateArn, name: t.jobTemplateId})),
      ...managed.managedJobTemplates.map((t) => ({arn: t.templateArn, name: t.templateName, managed: true})),
    ];
  }, []);
  const chosen = draft.template;
  const details = useLoad((signal) => chosen?.managed
    ? get(at`/managed-job-templates/${chosen.name}`, {}, {signal}) : Promise.resolve(undefined), [chosen?.arn]);
  const choose = (arn) => set({template: data.find((t) => t.arn === arn), parameters: {}});
  return html`<${Problem} error=${error ?? details.error} retry=${reload} />
    <${Field} label="Template" kind="select" value=${chosen?.arn ?? ''} onInput=${choose}
      options=${[{value: '', title: 'choose one'}, ...(data ?? []).map((t) => ({value: t.arn, title: t.name}))]} hint=${details.data?.description} />
    ${(details.data?.documentParameters ?? []).map((p) => html`<${Field} key=${p.key} label=${p.key + (p.optional ? ' (optional)' : '')}
      value=${draft.parameters[p.key] ?? ''} hint=${[p.description, p.example && `For example: ${p.example}`].filter(Boolean).join(' ')}
      error=${misfit(p, draft.parameters[p.key])}
      onInput=${(value) => set({parameters: {...draft.parameters, [p.key]: value}})} />`)}`;
}

// misfit says that a value does not have the form that the template asks for.
function misfit({regex}, value) {
  if (!regex || !value) return undefined;
  try {
    return new RegExp(`^(?:${regex})$`, 'u').test(value) ? undefined : `It must have the form ${regex}`;
  } catch {
    return undefined; // an expression of another dialect: the server decides
  }
}
