// Configurations as names and values.

// flatten lists the members of a value that are no objects, those of members with their paths:
// [['maximum per minute', '40'], ['criteria list › 1 › failure type', 'FAILED']].
export function flatten(value, path = []) {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') return [[path.map(spaced).join(' › '), String(value)]];
  return Object.entries(value).flatMap(([name, inner]) =>
    flatten(inner, [...path, Array.isArray(value) ? String(Number(name) + 1) : name]));
}

// differences lists what differs between two values: [[name, before, after]], undefined for what is
// not there.
export function differences(before, after) {
  const old = new Map(flatten(before)), now = new Map(flatten(after));
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((name) => old.get(name) !== now.get(name))
    .map((name) => [name, old.get(name), now.get(name)]);
}

// spaced is the name of a member as words: maximumPerMinute is "maximum per minute". Keys that are
// names already, such as those of tags, stay as they are.
const spaced = (name) => /^[a-z]+([A-Z][a-z]+)*$/.test(name) ? name.replace(/[A-Z]/g, (letter) => ' ' + letter.toLowerCase()) : name;
