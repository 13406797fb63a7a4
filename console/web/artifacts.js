// What pages ask of the server's own store of artifacts.
import {at, get, send, upload} from './api.js';

const path = '/_drover/artifacts';

// address is where an artifact is read, and from where a link downloads it.
export const address = (key) => at`/_drover/artifacts/${key}`;

// list reads a page of the artifacts whose keys begin with prefix: {bucket, items, next}.
export async function list(prefix, nextToken, signal, maxResults = 100) {
  const answer = await get(path, {prefix, nextToken, maxResults}, {signal});
  return {bucket: answer.bucket, items: answer.artifacts, next: answer.nextToken};
}

// exists reports whether there is an artifact with a key. A list is no error when there is none.
export async function exists(key, signal) {
  const {items} = await list(key, undefined, signal, 1);
  return items[0]?.key === key;
}

// put stores a file; sent is called with the bytes that are on their way.
export const put = (key, file, signal, sent) => upload(address(key), file, signal, sent);

export const remove = (key) => send('DELETE', address(key));

// placeholder is what stands in the document of a job for an artifact: each device gets a URL there.
export const placeholder = (bucket, key) => '${aws:iot:s3-presigned-url:s3://' + bucket + '/' + key + '}';
