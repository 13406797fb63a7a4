// A job that is being written: what the fields of the forms hold, as texts, and how requests are
// made of it. Nothing here draws; the server checks what comes out.

// blank is the draft of a new job.
export function blank() {
  return {
    jobId: '', description: '', targets: [], targetSelection: 'SNAPSHOT',
    source: 'json', document: '{\n  "operation": "update"\n}', documentSource: '', template: undefined, parameters: {},
    rollout: {pace: 'all', perMinute: '', base: '', factor: '2', every: '', by: 'succeeded'},
    abort: [], timeout: '', retries: [],
    presign: {roleArn: '', expiresInSec: ''},
    schedule: {startTime: '', endTime: '', endBehavior: '', windows: []},
    settings: {},
  };
}

// draftOf is the draft of a job that exists, for an update.
export function draftOf(job, steering) {
  const draft = blank();
  const rate = job.jobExecutionsRolloutConfig?.exponentialRate;
  const most = text(job.jobExecutionsRolloutConfig?.maximumPerMinute);
  return {
    ...draft,
    jobId: job.jobId,
    description: job.description ?? '',
    rollout: {
      ...draft.rollout,
      pace: rate ? 'exponential' : most ? 'constant' : 'all',
      perMinute: most,
      ...(rate && {
        base: text(rate.baseRatePerMinute), factor: text(rate.incrementFactor),
        by: rate.rateIncreaseCriteria?.numberOfNotifiedThings ? 'notified' : 'succeeded',
        every: text(rate.rateIncreaseCriteria?.numberOfNotifiedThings ?? rate.rateIncreaseCriteria?.numberOfSucceededThings),
      }),
    },
    abort: (job.abortConfig?.criteriaList ?? []).map((c) => ({
      failureType: c.failureType, threshold: text(c.thresholdPercentage), least: text(c.minNumberOfExecutedThings),
    })),
    timeout: text(job.timeoutConfig?.inProgressTimeoutInMinutes),
    retries: (job.jobExecutionsRetryConfig?.criteriaList ?? []).map((c) => ({failureType: c.failureType, times: text(c.numberOfRetries)})),
    presign: {roleArn: job.presignedUrlConfig?.roleArn ?? '', expiresInSec: text(job.presignedUrlConfig?.expiresInSec)},
    settings: {...steering.settings},
  };
}

const text = (value) => value === undefined || value === null ? '' : String(value);

// number is what a field holds, for a request: a number; undefined for nothing; and what is no
// number as it is, so that the server says what is wrong with it.
const number = (value) => {
  const trimmed = value.trim();
  if (trimmed === '') return undefined;
  return Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
};

// some is an object without the members that are undefined; undefined when none is left.
function some(object) {
  const members = Object.entries(object).filter(([, value]) => value !== undefined && value !== '');
  return members.length > 0 ? Object.fromEntries(members) : undefined;
}

// mutable are the members of a request that CreateJob and UpdateJob share.
function mutable(draft) {
  return {
    description: draft.description || undefined, // the API has no empty one
    jobExecutionsRolloutConfig: rolloutConfig(draft.rollout),
    abortConfig: list(draft.abort, (c) => ({
      failureType: c.failureType, action: 'CANCEL',
      thresholdPercentage: number(c.threshold), minNumberOfExecutedThings: number(c.least),
    })),
    timeoutConfig: some({inProgressTimeoutInMinutes: number(draft.timeout)}),
    jobExecutionsRetryConfig: list(draft.retries, (c) => ({failureType: c.failureType, numberOfRetries: number(c.times)})),
    presignedUrlConfig: some({roleArn: draft.presign.roleArn, expiresInSec: number(draft.presign.expiresInSec)}),
  };
}

const list = (items, criterion) => items.length > 0 ? {criteriaList: items.map(criterion)} : undefined;

function rolloutConfig({pace, perMinute, base, factor, every, by}) {
  if (pace === 'all') return undefined;
  if (pace === 'constant') return some({maximumPerMinute: number(perMinute)});
  const criteria = by === 'notified' ? {numberOfNotifiedThings: number(every)} : {numberOfSucceededThings: number(every)};
  return some({
    maximumPerMinute: number(perMinute),
    exponentialRate: {baseRatePerMinute: number(base), incrementFactor: number(factor), rateIncreaseCriteria: criteria},
  });
}

// createRequest is the body of CreateJob, without the job id, which stands in the path.
export function createRequest(draft) {
  const {schedule, settings} = draft;
  return some({
    ...mutable(draft),
    targets: draft.targets,
    targetSelection: draft.targetSelection,
    document: draft.source === 'json' ? draft.document : undefined,
    documentSource: draft.source === 'link' ? draft.documentSource : undefined,
    jobTemplateArn: draft.source === 'template' ? draft.template?.arn : undefined,
    documentParameters: draft.source === 'template' ? some(draft.parameters) : undefined,
    schedulingConfig: some({
      startTime: schedule.startTime, endTime: schedule.endTime, endBehavior: schedule.endTime && schedule.endBehavior,
      maintenanceWindows: schedule.windows.length > 0
        ? schedule.windows.map((w) => ({startTime: w.startTime, durationInMinutes: number(w.minutes)})) : undefined,
    }),
    tags: tags(settings),
  });
}

// tags are the settings as tags of a new job.
function tags(settings) {
  const set = Object.entries(settings).filter(([, value]) => value !== '');
  return set.length > 0 ? set.map(([name, value]) => ({Key: 'drover:' + name, Value: value})) : undefined;
}

// updateRequest is the body of UpdateJob with the members that differ, and the settings that do:
// {update, settings}, either undefined when nothing differs. A member that was emptied is not in it:
// UpdateJob replaces members and cannot take them away; emptied says which.
export function updateRequest(before, after) {
  const old = mutable(before), now = mutable(after);
  const differing = Object.keys(now).filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]));
  const emptied = differing.filter((name) => now[name] === undefined);
  const patch = {};
  for (const name of new Set([...Object.keys(before.settings), ...Object.keys(after.settings)])) {
    const value = after.settings[name] || undefined;
    if (value !== (before.settings[name] || undefined)) patch[name] = value ?? null;
  }
  return {
    update: some(Object.fromEntries(differing.map((name) => [name, now[name]]))),
    settings: some(patch),
    emptied,
  };
}

// guess is a job id for a new job: the date makes it one that is free.
export function guess(now) {
  return 'job-' + now.toISOString().slice(0, 16).replace(/[-:]/g, '').replace('T', '-');
}
