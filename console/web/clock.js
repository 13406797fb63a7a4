// The time of the server, which a virtual clock may have moved far from that of the browser.

let offset = 0; // server's time minus browser's, in milliseconds
let stopped; // the time of a virtual clock, in milliseconds; undefined with a real one

// setServerTime is told what the server says its time is: seconds, or a text of ISO 8601.
export function setServerTime(now, kind) {
  const at = toDate(now)?.getTime();
  if (at === undefined) return;
  if (kind) stopped = kind === 'virtual' ? at : undefined;
  else if (stopped !== undefined) stopped = at;
  if (stopped === undefined) offset = at - Date.now();
}

export function serverNow() {
  return new Date(stopped ?? Date.now() + offset);
}

// toDate reads a time as the API has it: seconds since 1970, or a text of ISO 8601.
export function toDate(value) {
  if (value === undefined || value === null || value === '') return undefined;
  return new Date(typeof value === 'number' ? value * 1000 : value);
}
