// Who is signed in, and at what server.
import {get, send, signedOut, ApiError} from './api.js';
import {setServerTime} from './clock.js';

const path = '/_drover/console/session';

// current is the session of this browser: {keyId, name, role, expiresAt, account, region, version,
// clock, now}; undefined when there is none.
export async function current() {
  try {
    const session = await get(path, {}, {quiet: true});
    return session && entered(session);
  } catch (err) {
    if (err instanceof ApiError && err.status === 403) return undefined; // the sign-in says why
    throw err;
  }
}

// checkSession finds out why a stream was refused, which a browser does not tell: because the session
// has ended, or for a reason that goes away.
export async function checkSession() {
  try {
    if (!await current()) signedOut();
  } catch {
    // The server was not reached; whoever was refused tries again.
  }
}

export async function signIn(accessKeyId, secretAccessKey) {
  return entered(await send('POST', path, {accessKeyId, secretAccessKey}, {quiet: true}));
}

export function signOut() {
  return send('DELETE', path, undefined, {quiet: true});
}

function entered(session) {
  setServerTime(session.now, session.clock);
  return session;
}

const ranks = {viewer: 1, operator: 2, admin: 3};

// may reports whether a session has at least a role. It only decides what the page offers: what is
// allowed the server decides.
export function may(session, role) {
  return ranks[session?.role] >= ranks[role];
}

// arn is the ARN of something of the server: arn(session, 'thing', 'pump-07').
export function arn(session, kind, name) {
  return `arn:aws:iot:${session.region}:${session.account}:${kind}/${name}`;
}
