// What pages ask of things.
import {send} from './api.js';

// search finds things by a query of the fleet, a page of them: {items, next}.
export async function search(queryString, nextToken, signal, maxResults = 100) {
  const answer = await send('POST', '/indices/search', {queryString: queryString || '*', nextToken, maxResults}, {signal});
  return {items: answer.things ?? [], next: answer.nextToken};
}

// queryOf makes a query of what somebody has typed: the beginning of a name will do.
export function queryOf(text) {
  const trimmed = text.trim();
  return trimmed === '' || /[:*\s()<>=]/.test(trimmed) ? trimmed : beginningWith(trimmed);
}

// beginningWith makes a query for the things whose names begin with a text, whatever is in it.
export const beginningWith = (text) => `thingName:${text.replace(/[^a-zA-Z0-9_]/g, '\\$&')}*`;
