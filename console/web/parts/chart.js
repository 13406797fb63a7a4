// A chart of values over time, drawn by uPlot, which is loaded with the first chart. A canvas says
// nothing to a screen reader, so a sentence stands for it, and a table holds the same numbers.
import {html, useEffect, useRef, useState} from '../html.js';
import {Problem} from './notice.js';
import {Time} from './time.js';
import {compact} from './number.js';

// Chart shows series over times.
//   times   in seconds since 1970, ascending
//   series  [{label, values, colour, dash, light}]: a value per time, null where there is none;
//           colour is the name of a custom property of the style sheet, such as --good
//   bands   [{high, low, colour}]: places in series between which the ground is tinted
//   grounds [{label, colour}]: what tinted grounds mean
//   shades  [{from, to, label}]: times whose ground is darker, such as closed maintenance windows
//   levels  [{at, label, colour}]: horizontal lines
//   now     the time that divides what was from what is forecast
//   format  how a value is written
//   summary the sentence
export function Chart({times, series, bands = [], grounds = [], shades = [], levels = [], now, format = compact, summary, height = 260}) {
  const place = useRef();
  const [plot, setPlot] = useState(); // {drawn, shape}
  // What a plot cannot change once it is drawn: with another shape there is another plot.
  const shape = JSON.stringify([series.map((s) => s.label), levels, shades, now]);
  const [error, setError] = useState();
  useEffect(() => {
    let drawn, ended;
    import('uplot').then(({default: UPlot}) => {
      if (ended || !place.current) return; // the chart is off the page already
      const draw = () => {
        drawn?.destroy();
        drawn = new UPlot(options({series, bands, shades, levels, now, format, height, width: place.current.clientWidth}, UPlot),
          [times, ...series.map((s) => s.values)], place.current);
        setPlot({drawn, shape});
      };
      draw();
      addEventListener('themechange', draw);
      const dark = matchMedia('(prefers-color-scheme: dark)');
      dark.addEventListener('change', draw);
      const sizes = new ResizeObserver(([{contentRect}]) => drawn.setSize({width: contentRect.width, height}));
      sizes.observe(place.current);
      end = () => {
        removeEventListener('themechange', draw);
        dark.removeEventListener('change', draw);
        sizes.disconnect();
        drawn.destroy();
      };
    }).catch(setError);
    let end = () => {};
    return () => { ended = true; end(); };
  }, [shape]);
  useEffect(() => {
    if (plot?.shape === shape) plot.drawn.setData([times, ...series.map((s) => s.values)]);
  }, [plot, times, series]);
  return html`<figure class="chart">
    <${Problem} error=${error && new Error('The chart could not be drawn. Load the page again: the server may be another version by now.')} />
    <div ref=${place} role="img" aria-label=${summary} style=${{minHeight: height + 'px'}}></div>
    <ul class="keys">${series.filter((s) => !s.light).map((s) => html`<li key=${s.label}>
      <span class=${'key' + (s.dash ? ' dashed' : '')} style=${{borderColor: `var(${s.colour})`}} aria-hidden="true"></span> ${s.label}</li>`)}
      ${levels.map((l) => html`<li key=${l.label}><span class="key dashed" style=${{borderColor: `var(${l.colour})`}} aria-hidden="true"></span> ${l.label}</li>`)}
      ${grounds.map((g) => html`<li key=${g.label}><span class="key ground" style=${{background: `var(${g.colour})`}} aria-hidden="true"></span> ${g.label}</li>`)}
      ${shades.length > 0 && html`<li><span class="key shade" aria-hidden="true"></span> ${shades[0].label}</li>`}
    </ul>
    <figcaption class="small quiet">${summary}</figcaption>
    <details><summary class="small">The same as a table</summary><${Numbers} times=${times} series=${series} format=${format} /></details>
  </figure>`;
}

// Numbers is the table: at most 25 of the times.
function Numbers({times, series, format}) {
  const step = Math.max(1, Math.ceil(times.length / 25));
  const rows = times.map((at, i) => ({at, i})).filter(({i}) => i % step === 0 || i === times.length - 1);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Numbers of the chart"><table>
    <thead><tr><th scope="col">Time</th>${series.map((s) => html`<th scope="col" class="number">${s.label}</th>`)}</tr></thead>
    <tbody>${rows.map(({at, i}) => html`<tr key=${at}><td><${Time} at=${at} /></td>
      ${series.map((s) => html`<td class="number">${s.values[i] === null || s.values[i] === undefined ? '' : format(s.values[i])}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

// options are those of uPlot.
function options({series, bands, shades, levels, now, format, height, width}, UPlot) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--quiet'), grid: {stroke: colour('--line'), width: 1}, ticks: {stroke: colour('--line')},
  };
  return {
    width, height,
    legend: {show: false},
    cursor: {points: {show: false}, drag: {x: true, y: false}},
    scales: {y: {range: (_, low, high) => [0, Math.max(high, ...levels.map((l) => l.at), 1) * 1.05]}},
    axes: [{...axis, space: 80}, {...axis, values: (_, ticks) => ticks.map(format), size: 56}],
    series: [{}, ...series.map((s) => ({
      label: s.label, stroke: s.light ? 'transparent' : colour(s.colour), width: 2, spanGaps: true,
      dash: s.dash ? [6, 4] : undefined, points: {show: false},
    }))],
    bands: bands.map((b) => ({series: [b.high + 1, b.low + 1], fill: tint(colour(b.colour), .22)})),
    hooks: {
      drawClear: [(u) => shades.forEach(({from, to}) => shade(u, from, to, tint(colour('--quiet'), .14)))],
      draw: [(u) => {
        levels.forEach((l) => across(u, l.at, colour(l.colour)));
        if (now) upright(u, now, colour('--quiet'));
      }],
    },
    plugins: [tip(UPlot, format)],
  };
}

// tint is a colour of the form #rrggbb with an opacity.
const tint = (hex, opacity) => hex + Math.round(opacity * 255).toString(16).padStart(2, '0');

function shade({ctx, bbox, valToPos}, from, to, fill) {
  const left = Math.max(bbox.left, valToPos(from, 'x', true));
  const right = Math.min(bbox.left + bbox.width, valToPos(to, 'x', true));
  if (right <= left) return;
  ctx.fillStyle = fill;
  ctx.fillRect(left, bbox.top, right - left, bbox.height);
}

function across(u, value, stroke) {
  const y = u.valToPos(value, 'y', true);
  line(u.ctx, stroke, u.bbox.left, y, u.bbox.left + u.bbox.width, y);
}

function upright(u, at, stroke) {
  const x = u.valToPos(at, 'x', true);
  if (x >= u.bbox.left && x <= u.bbox.left + u.bbox.width) line(u.ctx, stroke, x, u.bbox.top, x, u.bbox.top + u.bbox.height);
}

function line(ctx, stroke, x1, y1, x2, y2) {
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
  ctx.restore();
}

// tip shows the values under the pointer.
function tip(UPlot, format) {
  let box;
  return {hooks: {
    init: (u) => {
      box = document.createElement('div');
      box.className = 'tip';
      box.hidden = true;
      u.over.append(box);
    },
    setCursor: (u) => {
      const {idx, left} = u.cursor;
      box.hidden = idx === null || idx === undefined || left < 0;
      if (box.hidden) return;
      const at = new Date(u.data[0][idx] * 1000).toLocaleString();
      const lines = u.series.slice(1).map((s, i) => [s.label, u.data[i + 1][idx]])
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([label, value]) => `${label}: ${format(value)}`);
      box.textContent = [at, ...lines].join('\n');
      box.style.left = Math.min(left + 12, u.over.clientWidth - box.offsetWidth) + 'px';
    },
  }};
}
