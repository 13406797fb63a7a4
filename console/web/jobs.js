// What pages ask of jobs.
import {at, get} from './api.js';
import {countsOf, ended, total} from './parts/status.js';

// describe is a job as DescribeJob shows it.
export async function describe(id, signal) {
  return (await get(at`/jobs/${id}`, {}, {signal})).job;
}

// progress says in numbers how far a job is: {counts, released, ended}.
export function progress(job) {
  const counts = countsOf(job.jobProcessDetails);
  return {counts, released: total(counts), ended: ended(counts)};
}

// targetName is the name at the end of an ARN, and targetKind what it names: thing or thinggroup.
export const targetName = (arn) => arn.slice(arn.indexOf('/') + 1);
export const targetKind = (arn) => arn.slice(0, arn.indexOf('/')).split(':').at(-1);
