// The charts of a job: what was released and has ended, joined to what is forecast; and the share
// of failures against what stops the job.
import {html} from '../html.js';
import {serverNow, toDate} from '../clock.js';
import {Chart} from './chart.js';
import {ago} from './time.js';
import {count, percent} from './number.js';

const seconds = (at) => toDate(at).getTime() / 1000;

// Curve shows a rollout. points are those of DescribeJobProgress, and forecast the answer of
// Forecast; each may be missing. shades are those of
// closedTimes.
export function Curve({points = [], forecast, shades = []}) {
  const now = serverNow().getTime() / 1000;
  const ahead = (forecast?.curve ?? []).filter((p) => seconds(p.at) >= now - 1 || points.length === 0);
  if (points.length === 0 && ahead.length === 0) {
    return html`<p class="quiet">Nothing was released yet.</p>`;
  }
  const times = [...points.map((p) => seconds(p.at)), ...ahead.map((p) => seconds(p.at))];
  const was = (value) => [...points.map(value), ...ahead.map(() => null)];
  const comes = (value) => [...points.map((_, i) => i === points.length - 1 && ahead.length > 0 ? value(undefined, points[i]) : null),
    ...ahead.map((p) => value(p))];
  // What was counts attempts, and what is forecast counts things: it goes on from where the former ends.
  const band = (member, of) => {
    const lift = points.length > 0 && ahead.length > 0 ? of(points.at(-1)) - ahead[0][member].p50 : 0;
    return ['p10', 'p50', 'p90'].map((p) => comes((f, last) => f ? f[member][p] + lift : of(last)));
  };
  const released = band('released', (p) => p.released);
  const done = band('ended', endedAt);
  const series = [
    {label: 'released', values: was((p) => p.released), colour: '--progress'},
    {label: 'ended', values: was(endedAt), colour: '--good'},
    {label: 'failed', values: was(failedAt), colour: '--bad'},
  ];
  if (ahead.length > 0) {
    series.push(
      {label: 'released, 1 of 10 runs is below', values: released[0], light: true, colour: '--progress'},
      {label: 'released, forecast', values: released[1], dash: true, colour: '--progress'},
      {label: 'released, 1 of 10 runs is above', values: released[2], light: true, colour: '--progress'},
      {label: 'ended, 1 of 10 runs is below', values: done[0], light: true, colour: '--good'},
      {label: 'ended, forecast', values: done[1], dash: true, colour: '--good'},
      {label: 'ended, 1 of 10 runs is above', values: done[2], light: true, colour: '--good'});
  }
  return html`<${Chart} times=${times} series=${series} shades=${shades} now=${ahead.length > 0 && points.length > 0 ? now : undefined}
    bands=${ahead.length > 0 ? [{high: 5, low: 3, colour: '--progress'}, {high: 8, low: 6, colour: '--good'}] : []}
    grounds=${ahead.length > 0 ? [{label: '8 of 10 runs', colour: '--good'}] : []}
    summary=${sentence(points.at(-1), forecast)} />`;
}

const endedAt = (p) => p.succeeded + failedAt(p) + p.removed + p.canceled;
const failedAt = (p) => p.failed + p.rejected + p.timedOut;

// closedTimes are the times between the maintenance windows of a forecast, as shades of a chart.
export function closedTimes({windows = []} = {}) {
  return windows.slice(1).map((w, i) => ({from: seconds(windows[i].closes), to: seconds(w.opens), label: 'maintenance windows closed'}))
    .concat(windows.length > 0 ? [{from: 0, to: seconds(windows[0].opens), label: 'maintenance windows closed'}] : []);
}

// nevers say why a forecast has no end.
const nevers = {
  ABORTED: 'its abort criteria cancel it',
  GUARD: 'its guard stops it',
  PAUSED: 'it is paused',
  GATE: 'a gate stops it',
  NO_ANSWER: 'devices do not answer, and have no time limit',
  NO_WINDOW: 'no maintenance window opens any more',
  END_TIME: 'its end time comes first',
  TOO_LATE: 'it takes longer than two years',
};

// sentence says what the chart shows.
function sentence(last, forecast) {
  const parts = [];
  if (last) parts.push(`${count(last.released)} released, ${count(endedAt(last))} ended, ${count(failedAt(last))} of them failed so far.`);
  const finish = forecast?.finish;
  if (finish?.p50) parts.push(`The forecast ends ${ago(toDate(finish.p50))}${finish.p90 ? `, and ${ago(toDate(finish.p90))} at the latest in 9 of 10 runs` : ''}.`);
  for (const never of finish?.never ?? []) {
    parts.push(`In ${never.percentage} % of the runs it never ends: ${nevers[never.reason] ?? never.reason}.`);
  }
  return parts.join(' ');
}

// FailureRate shows the share of failures among what has ended, the thresholds of abortConfig, and
// the rate of the guard with the band that its counts leave open.
export function FailureRate({points = [], criteria = [], guard, guardRate}) {
  const some = points.filter((p) => endedAt(p) > 0);
  if (some.length === 0) return html`<p class="quiet">No execution has ended yet.</p>`;
  const times = some.map((p) => seconds(p.at));
  const series = [{label: 'failed of ended', values: some.map((p) => 100 * failedAt(p) / endedAt(p)), colour: '--bad'}];
  const bands = [], grounds = [];
  if (guard?.counted > 0) {
    const flat = (value) => some.map((_, i) => i < some.length / 2 ? null : Number(value));
    series.push({label: 'guard, lowest rate left open', values: flat(guard.lowestPercentage), light: true, colour: '--late'},
      {label: 'guard, highest rate left open', values: flat(guard.highestPercentage), light: true, colour: '--late'});
    grounds.push({label: 'rates that the guard leaves open', colour: '--late'});
    bands.push({high: 2, low: 1, colour: '--late'});
  }
  const levels = criteria.map((c) => ({
    at: Number(c.thresholdPercentage), colour: '--danger',
    label: `abort: ${c.failureType.toLowerCase().replaceAll('_', ' ')} ${c.thresholdPercentage} % of at least ${count(c.minNumberOfExecutedThings)}`,
  }));
  if (guardRate !== undefined) levels.push({at: guardRate, colour: '--late', label: `guard: ${guardRate} %`});
  const last = some.at(-1);
  return html`<${Chart} times=${times} series=${series} bands=${bands} grounds=${grounds} levels=${levels} format=${(v) => percent(v / 100)} height=${200}
    summary=${`${percent(failedAt(last) / endedAt(last))} of what has ended has failed.` +
      (guard?.counted > 0 ? ` The guard has counted ${count(guard.counted)} things; rates from ${guard.lowestPercentage} to ${guard.highestPercentage} % are left open.` : '')} />`;
}
