// Calls of the API. The browser sends the cookie of the session with each of them, and the server
// checks it as it checks a signature.

// ApiError is an answer that is no success. Its message is the server's own sentence.
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status; // of HTTP; 0 when the server was not reached
    this.code = code; // such as ResourceNotFoundException
  }
}

// onSignedOut is called when the server no longer knows the session.
let onSignedOut = () => {};
export function whenSignedOut(f) { onSignedOut = f; }

// get reads. Members of query that are undefined, null or '' are left out; lists are repeated.
export function get(path, query = {}, options = {}) {
  return call('GET', path + queryText(query), undefined, options);
}

// send changes something: method is POST, PUT, PATCH or DELETE.
export function send(method, path, body, options = {}) {
  return call(method, path, body, options);
}

// at fills in a path: at`/jobs/${id}` escapes what stands in it.
export function at(parts, ...values) {
  return parts.reduce((path, part, i) => path + encodeURIComponent(values[i - 1]) + part);
}

function queryText(query) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== '') pairs.append(name, one);
    }
  }
  const text = pairs.toString();
  return text && '?' + text;
}

// call sends a request. quiet: that nobody is signed in is an error of the caller. principal: the ARN
// that some operations take in a header.
async function call(method, path, body, {signal, quiet, principal} = {}) {
  const request = {method, signal, headers: principal ? {'x-amzn-principal': principal} : {}};
  if (body !== undefined) {
    request.headers['Content-Type'] = 'application/json';
    request.body = JSON.stringify(body);
  }
  let answer, text;
  try {
    answer = await fetch(path, request);
    text = await answer.text();
  } catch (err) {
    if (err.name === 'AbortError') throw err;
    throw new ApiError(0, '', 'The server does not answer. Is it still running?');
  }
  return outcome(answer.status, text, answer.headers.get('x-amzn-ErrorType'), quiet);
}

// upload sends a file with PUT, and calls sent with the number of bytes that are on their way: only
// this kind of request tells that.
export function upload(path, file, signal, sent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', path);
    request.upload.onprogress = (event) => sent(event.loaded);
    request.onload = () => {
      try {
        resolve(outcome(request.status, request.responseText, request.getResponseHeader('x-amzn-ErrorType')));
      } catch (error) {
        reject(error);
      }
    };
    request.onerror = () => reject(new ApiError(0, '', 'The upload has broken off. Either the file cannot be read any more, or the server has refused it or is gone; its log says which.'));
    request.onabort = () => reject(new DOMException('The upload was canceled.', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

// outcome is what an answer holds, or an error. kind is what its header calls the error.
function outcome(status, text, kind, quiet) {
  const value = parse(text);
  if (status >= 200 && status < 300) return value;
  const code = (kind ?? value?.code ?? '').split(':')[0];
  // Without a cookie, which a browser removes when it is old, a request counts as one that is not signed.
  if ((status === 401 || code === 'MissingAuthenticationTokenException') && !quiet) onSignedOut();
  const message = value?.message ?? value?.Message ?? text.trim();
  throw new ApiError(status, code, message || `The server answered ${status}.`);
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
