package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/schema"
)

// What Prometheus reads (R-OBS-1 to R-OBS-3): on the HTTP listeners that operators use, or on one of
// its own.

// metricsPath is where the metrics are.
const metricsPath = "/metrics"

// Metrics answers a scrape, once it is known who asks.
type Metrics struct {
	Operators *OperatorAuth
	Handler   http.Handler
}

// ServeHTTP checks who asks before anything is collected. No body is read.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !reads(r.Method) {
		w.Header().Set("Allow", "GET, HEAD")
		refuseText(w, r, http.StatusMethodNotAllowed, "only GET and HEAD")
		return
	}
	if err := m.Operators.allowMetrics(r); err != nil {
		status := http.StatusForbidden
		if fault.Is(err, fault.NoCredentials) {
			status = http.StatusUnauthorized
			w.Header().Set("WWW-Authenticate", `Basic realm="drover"`)
		}
		message := "the server could not check the caller"
		if f := fault.Of(err); f != nil {
			message = f.Message
		}
		refuseText(w, r, status, message)
		return
	}
	if !IsIdentified(r) { // then the connection does not last
		w.Header().Set("Connection", "close")
	}
	m.Handler.ServeHTTP(w, r)
}

// allowMetrics checks who asks for metrics (R-OBS-2). The error is the answer.
func (a *OperatorAuth) allowMetrics(r *http.Request) error {
	if id, secret, ok := r.BasicAuth(); ok {
		return a.allowBasic(r, id, secret)
	}
	checkBody, err := a.AllowLocal(r)
	if err == nil {
		err = checkBody(nil)
	}
	return err
}

// allowBasic checks the id and the secret of a key, which only a caller over TLS may send.
func (a *OperatorAuth) allowBasic(r *http.Request, id, secret string) error {
	if fromPage(r) {
		return fault.New(fault.Forbidden, "not for pages in a browser")
	}
	if r.TLS == nil {
		return fault.New(fault.Forbidden, "a secret in an Authorization header is accepted over TLS only")
	}
	key, err := a.Keys.Find(id)
	if err != nil && !fault.Is(err, fault.UnknownKey) {
		return err
	}
	if !sameSecret(secret, key.SecretAccessKey) || err != nil {
		return fault.New(fault.NoCredentials,
			"there is no operator key with this access key id and this secret")
	}
	markIdentified(r)
	return key.may(r.Method+" "+metricsPath, schema.Viewer)
}

// sameSecret compares two secrets by their hashes, so that the time that it takes says nothing about
// them, nor about their lengths.
func sameSecret(given, want string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// refuseText answers an error in plain text, and ends the connection.
func refuseText(w http.ResponseWriter, r *http.Request, status int, text string) {
	HangUp(w, r)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the caller may be gone
}

// Admin is the handler of the listener for those who watch the server: metrics and probes, and
// nothing else.
type Admin struct {
	Health
	Metrics *Metrics
}

// ServeHTTP serves one request.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(requestIDHeader, ids.Random{}.UUID())
	if probe := a.health(r.URL.Path); probe != nil {
		serveHealth(w, r, probe)
		return
	}
	if r.URL.Path == metricsPath {
		a.Metrics.ServeHTTP(w, r)
		return
	}
	refuseText(w, r, http.StatusNotFound, "there are /metrics, /healthz and /readyz")
}
