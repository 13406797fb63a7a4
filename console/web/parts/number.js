// Numbers as people read them.

const whole = new Intl.NumberFormat();
const share = new Intl.NumberFormat(undefined, {style: 'percent', maximumFractionDigits: 1});
const short = new Intl.NumberFormat(undefined, {notation: 'compact', maximumFractionDigits: 1});

export const count = (n) => n === undefined ? '–' : whole.format(n);
export const compact = (n) => n === undefined ? '–' : short.format(n);
export const percent = (x) => x === undefined || Number.isNaN(x) ? '–' : share.format(x);

// counted is a number with its word: counted(1, 'thing') is "1 thing".
export const counted = (n, one, many = one + 's') => `${count(n)} ${n === 1 ? one : many}`;

// bytes is a size: "1.4 MB".
export function bytes(n) {
  if (n === undefined) return '–';
  const steps = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; n >= 1000 && i < steps.length - 1; i++) n /= 1000;
  return `${n >= 10 || i === 0 ? Math.round(n) : n.toFixed(1)} ${steps[i]}`;
}
