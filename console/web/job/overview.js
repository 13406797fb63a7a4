// The first tab of a job: how far it is, what it waits for, how it was and how it will go on.
import {html} from '../html.js';
import {at, get, send} from '../api.js';
import {useLoad, useRarely} from '../data.js';
import {progress, targetKind, targetName} from '../jobs.js';
import {href} from '../router.js';
import {Facts, Section} from '../parts/page.js';
import {Bar, Legend} from '../parts/status.js';
import {Loading, Problem, Warnings} from '../parts/notice.js';
import {Curve, FailureRate} from '../parts/curve.js';
import {Reasons} from '../parts/reasons.js';
import {Time} from '../parts/time.js';
import {Waves} from './waves.js';

const active = ({status}) => status === 'IN_PROGRESS' || status === 'SCHEDULED';

export function Overview({id, job, steering, changed}) {
  const turn = useRarely(changed);
  const past = useLoad((signal) => get(at`/_drover/jobs/${id}/progress`, {}, {signal}), [id, turn]);
  const ahead = useLoad((signal) => active(job)
    ? send('POST', '/_drover/forecast', {jobId: id}, {signal}) : Promise.resolve(undefined), [id, turn, job.status]);
  const why = useLoad((signal) => get(at`/_drover/jobs/${id}/explain`, {}, {signal}), [id, turn]);
  const {counts} = progress(job);
  const {state} = steering;
  return html`
    <${Section} title="Progress">
      <${Bar} counts=${counts} of=${Math.max(ahead.data?.targets ?? 0, sum(counts))} />
      <${Legend} counts=${counts} link=${(status) => href(['jobs', id], {tab: 'executions', status})} />
    </${Section}>
    <div class="columns">
      <${Section} title="What it waits for">
        <${Problem} error=${why.error} />
        ${why.data ? html`<${Reasons} explanation=${why.data} />` : !why.error && html`<${Loading} />`}
        <${Warnings} warnings=${(ahead.data?.warnings ?? []).map((w) => ({code: w.code, message: w.text}))} />
        <${Warnings} warnings=${steering.warnings.map((w) => ({code: w, message: w}))} />
      </${Section}>
      <${Section} title="About"><${About} job=${job} state=${state} /></${Section}>
    </div>
    ${state.waves?.length > 0 && html`<${Section} title="Waves"><${Waves} waves=${state.waves} settings=${steering.settings} /></${Section}>`}
    <${Section} title="Rollout">
      <${Problem} error=${past.error} retry=${past.reload} />
      <${Problem} error=${ahead.error} />
      ${past.data ? html`<${Curve} points=${past.data.points} forecast=${ahead.data} />` : !past.error && html`<${Loading} />`}
    </${Section}>
    <${Section} title="Failures">
      ${past.data && html`<${FailureRate} points=${past.data.points} criteria=${job.abortConfig?.criteriaList}
        guard=${state.guard} guardRate=${guardRate(steering.settings.guard)} />`}
      ${state.observed.length > 0 && html`<h3>Seen by abort and guard</h3><ul>${state.observed.map((o, i) => html`<li key=${i}>
        <${Time} at=${o.at} />: ${o.criterion ? `criterion ${o.criterion}` : 'the guard'}, ${o.failures} of ${o.executed} failed; ${o.action}</li>`)}</ul>`}
    </${Section}>`;
}

const sum = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);

// guardRate is the rate in the setting guard, such as "FAILED 5pct settle=30m", in percent.
const guardRate = (text) => text && Number(/ ([\d.]+)pct/.exec(text)?.[1]);

function About({job, state}) {
  return html`<${Facts} facts=${[
    ['Selection', job.targetSelection?.toLowerCase()],
    ['Targets', html`<ul class="plain-list">${job.targets.map((arn) => html`<li key=${arn}><a href=${targetHref(arn)}>${targetName(arn)}</a>
      <span class="quiet small"> ${targetKind(arn) === 'thing' ? 'thing' : 'group'}</span></li>`)}</ul>`],
    ['Created', html`<${Time} at=${job.createdAt} />`],
    ['Changed', html`<${Time} at=${job.lastUpdatedAt} />`],
    ['Ended', job.completedAt && html`<${Time} at=${job.completedAt} />`],
    ['Ends', job.schedulingConfig?.endTime && html`<${Time} at=${job.schedulingConfig.endTime} />`],
    ['Reason', job.reasonCode],
    ['Comment', job.comment],
    ['Waiting retries', state.retriesWaiting || undefined],
    ['Confirmed', state.confirmed || undefined],
    ['Silent', state.silent || undefined],
  ]} />`;
}

const targetHref = (arn) => href([targetKind(arn) === 'thing' ? 'things' : 'groups', targetName(arn)]);
