// What will become of a job that is being written: its forecast, drawn anew as numbers change.
import {html} from '../html.js';
import {send} from '../api.js';
import {serverNow, toDate} from '../clock.js';
import {useDelayed, useLoad} from '../data.js';
import {Curve} from '../parts/curve.js';
import {Loading, Problem, Warnings} from '../parts/notice.js';
import {count, counted, percent} from '../parts/number.js';
import {Facts} from '../parts/page.js';
import {span, Time} from '../parts/time.js';

// useForecast is the forecast of a request, such as {create: …}; of undefined there is none. loading
// is true as long as the forecast is not that of the request.
export function useForecast(request) {
  const wanted = request && JSON.stringify(request);
  const asked = useDelayed(wanted, 400);
  const forecast = useLoad((signal) => asked ? send('POST', '/_drover/forecast', JSON.parse(asked), {signal}) : Promise.resolve(undefined), [asked]);
  return {...forecast, loading: forecast.loading || asked !== wanted};
}

// Outlook shows a forecast, as useForecast has it.
export function Outlook({forecast: {data, error, loading}}) {
  if (error) return html`<${Problem} error=${error} />`;
  if (!data) return loading ? html`<${Loading} what="Working out the forecast" />` : html`<p class="quiet">The forecast needs a job id, targets and a document.</p>`;
  return html`<div aria-busy=${loading}>
    <${Warnings} warnings=${data.warnings.map((w) => ({code: w.code, message: w.text}))} />
    <${Facts} facts=${[
      ['Things', count(data.targets)],
      ['All released', when(data.released)],
      ['All ended', when(data.finish)],
      ['Stopped though the release is good', data.stop?.assumed && stop(data.stop.assumed)],
      ['Next windows', data.windows && html`<ul class="plain-list">${data.windows.filter((w) => toDate(w.closes) > serverNow()).slice(0, 5)
        .map((w) => html`<li key=${w.opens}><${Time} at=${w.opens} /> <span class="quiet">for ${span(w.closes - w.opens)}</span></li>`)}</ul>`],
      ['Left out', data.leftOut.length > 0 && data.leftOut.map((l) => `${counted(l.count, 'thing')}: ${l.reason.toLowerCase().replaceAll('_', ' ')}`).join('; ')],
      ['Assumed to fail', data.assumed?.failedPercentage && `${data.assumed.failedPercentage.percentage} %`],
    ]} />
    <${Curve} forecast=${data} />
  </div>`;
}

const when = (moment) => moment?.p50 && html`<${Time} at=${moment.p50} /> ${moment.p90 && html`<span class="quiet small">9 of 10 by <${Time} at=${moment.p90} /></span>`}`;

// stop says how often a release is stopped that fails as is assumed.
function stop({abort, guard}) {
  const parts = [Number(abort) > 0 && `by abort in ${percent(abort / 100)}`, Number(guard) > 0 && `by the guard in ${percent(guard / 100)}`].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') + ' of runs' : 'in none of the runs';
}
