// The pages, by the patterns of their routes. * stands for a name, which the page is given in names.
const pages = [
  ['', './pages/jobs.js'],
  ['jobs', './pages/jobs.js'],
  ['jobs/*', './pages/job.js'],
  ['create-job', './pages/create-job.js'],
  ['update-job/*', './pages/update-job.js'],
  ['things', './pages/things.js'],
  ['things/*', './pages/thing.js'],
  ['groups', './pages/groups.js'],
  ['groups/*', './pages/group.js'],
  ['certificates', './pages/certificates.js'],
  ['certificates/*', './pages/certificate.js'],
  ['policies', './pages/policies.js'],
  ['policies/*', './pages/policy.js'],
  ['templates', './pages/templates.js'],
  ['artifacts', './pages/artifacts.js'],
  ['sinks', './pages/sinks.js'],
  ['sinks/*', './pages/sink.js'],
  ['nodes', './pages/nodes.js'],
  ['audit', './pages/audit.js'],
].map(([pattern, file]) => ({pattern: pattern.split('/').filter(Boolean), file}));

// find returns the page of a path: {file, names, load}; undefined when there is none.
export function find(path) {
  const row = pages.find(({pattern}) => pattern.length === path.length &&
    pattern.every((part, i) => part === '*' || part === path[i]));
  return row && {
    file: row.file,
    names: path.filter((_, i) => row.pattern[i] === '*'),
    load: () => import(row.file),
  };
}
