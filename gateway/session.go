package gateway

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/sigv4"
	"github.com/drover-iot/drover/schema"
)

// A browser that shows the console does not sign requests: it has a session, which stands in a
// cookie and nowhere else (docs/adr/0021). The cookie names the operator key and the time when the
// session ends, and is authenticated with the secret of the key. So every server with the same keys
// takes it, a key that is deleted takes its sessions with it, and there is nothing to store.

// sessionLife is how long a session lasts, by the real clock.
const sessionLife = 12 * time.Hour

// sessionUse comes before what is authenticated, so that the code is good for nothing else that the
// secret of a key is used for.
const sessionUse = "drover console session 1\n"

// session is a session that was found to be good.
type session struct {
	key  Key
	ends time.Time
}

// newSession makes a session of a key.
func newSession(k Key) session {
	return session{key: k, ends: clock.Now().Add(sessionLife).Truncate(time.Second)}
}

// value is the value of a cookie with the session. Two sessions never have the same.
func (s session) value() string {
	var nonce [16]byte
	rand.Read(nonce[:]) // never fails: crypto/rand ends the program instead
	claims := strings.Join([]string{
		s.key.AccessKeyID,
		strconv.FormatInt(s.ends.Unix(), 10),
		base64.RawURLEncoding.EncodeToString(nonce[:]),
	}, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(claims)) + "." +
		base64.RawURLEncoding.EncodeToString(sessionCode(s.key, claims))
}

// sessionCode authenticates what a cookie says.
func sessionCode(k Key, claims string) []byte {
	mac := hmac.New(sha256.New, []byte(k.SecretAccessKey))
	mac.Write([]byte(sessionUse + claims))
	return mac.Sum(nil)
}

// errSession is one error for all that can be wrong with a session, so that it tells nobody who
// guesses how far the guess went.
func errSession() error {
	return fault.New(fault.Unauthorized, "there is no session, or it has ended; sign in again")
}

// openSession reads the value of a cookie. The fault is Unauthorized.
func (a *OperatorAuth) openSession(value string) (s session, err error) {
	encoded, code, _ := strings.Cut(value, ".")
	claims, errClaims := base64.RawURLEncoding.DecodeString(encoded)
	given, errCode := base64.RawURLEncoding.DecodeString(code)
	parts := strings.Split(string(claims), ".")
	if errClaims != nil || errCode != nil || len(parts) != 3 {
		return s, errSession()
	}
	ends, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return s, errSession()
	}
	key, err := a.Keys.Find(parts[0])
	if fault.Is(err, fault.UnknownKey) {
		return s, errSession()
	}
	if err != nil {
		return s, err
	}
	s = session{key: key, ends: time.Unix(ends, 0).UTC()}
	if !hmac.Equal(given, sessionCode(key, string(claims))) || !clock.Now().Before(s.ends) {
		return session{}, errSession()
	}
	return s, nil
}

// sessionCookie is the name of the cookie. Browsers send a cookie to all ports of a host, so the
// name has the port, and servers on one host do not take each other's sessions away.
func sessionCookie(r *http.Request) string {
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		port = "80"
		if r.TLS != nil {
			port = "443"
		}
	}
	return "drover-session-" + port
}

// HasSession reports whether a request shows a session and nothing else: neither a certificate nor
// a signature. Whether the session is good is not looked at.
func HasSession(r *http.Request) bool {
	if clientCertificate(r.TLS) != nil || isForS3(r) {
		return false
	}
	if _, err := r.Cookie(sessionCookie(r)); err != nil {
		return false
	}
	_, err := sigv4.Parse(r)
	return fault.Is(err, fault.NoCredentials)
}

// session returns the session that a request shows, after it has been found out that a page of this
// server makes it (pages.go). Faults: Unauthorized, Forbidden.
func (a *OperatorAuth) session(r *http.Request) (s session, err error) {
	if err := a.checkPage(r); err != nil {
		return s, err
	}
	cookie, err := r.Cookie(sessionCookie(r))
	if err != nil {
		return s, errSession()
	}
	if s, err = a.openSession(cookie.Value); err == nil {
		markIdentified(r)
	}
	return s, err
}

// Authorize checks that a request without a body is of a session or has a signature, and that its
// caller has a role. It is for what the server answers by itself. The error is the answer.
func (a *OperatorAuth) Authorize(r *http.Request, needed schema.Role) error {
	what := r.Method + " " + r.URL.Path
	if HasSession(r) {
		s, err := a.session(r)
		if err != nil {
			return err
		}
		return s.key.may(what, needed)
	}
	s, err := a.Begin(r)
	if err == nil {
		err = s.finish(nil)
	}
	if err != nil {
		return err
	}
	markIdentified(r)
	return s.key.may(what, needed)
}
