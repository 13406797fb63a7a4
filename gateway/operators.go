package gateway

import (
	"net"
	"net/http"
	"time"

	"github.com/drover-iot/drover/api/notoffered"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/sigv4"
	"github.com/drover-iot/drover/registry"
)

// The service names that a signature can have in its scope (R-WIRE-3, R-HTTP-2).
const (
	serviceControl       = "iot"
	serviceControlLegacy = "execute-api" // of older SDKs, for the control plane
	serviceDevice        = "iot-jobs-data"
)

// OperatorAuth authenticates operators by the signature of a request.
type OperatorAuth struct {
	Keys *Keys
	// Scope is the region that signatures must be made for. A relaxed one accepts any.
	Scope registry.Scope
}

// Verify checks the signature of a request with this body, and that it was made for this server. It
// returns what could be read of the signature, also with an error: its service says which plane
// answers. Faults: NoCredentials, UnknownKey, BadSignature, Expired, and UnknownOperation for a
// service that is not offered.
func (a *OperatorAuth) Verify(r *http.Request, body []byte) (sigv4.Signature, error) {
	s, err := sigv4.Parse(r)
	if err != nil {
		return s, err
	}
	if err := notoffered.RefuseService(s.Service, r.Method, r.URL.EscapedPath()); err != nil {
		return s, err
	}
	switch s.Service {
	case serviceControl, serviceControlLegacy, serviceDevice:
	default:
		return s, fault.New(fault.BadSignature,
			"the signature is for service %q; sign for %s or %s",
			s.Service, serviceControl, serviceDevice)
	}
	if s.Region != a.Scope.Region && !a.Scope.Relaxed {
		return s, fault.New(fault.BadSignature,
			"the signature is for region %q; this server is %s", s.Region, a.Scope.Region)
	}
	secret, err := a.Keys.Secret(s.AccessKeyID)
	if err != nil {
		return s, err
	}
	return s, s.Verify(r, body, secret, time.Now()) // real clock: the dates of signatures
}

// AllowLocal checks the caller of what is meant for test benches on the same machine, such as
// /_drover/clock. Such a caller needs no credentials when its address is a loopback one; from
// elsewhere an operator's signature is needed. A page in a browser is refused in either case: any
// page on the web could send such a request from the browser of a developer. It is known by the
// Origin header, which browsers send with everything that a page posts.
func (a *OperatorAuth) AllowLocal(r *http.Request, body []byte) error {
	if r.Header.Get("Origin") != "" {
		return fault.New(fault.Forbidden, "not for pages in a browser")
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err == nil && net.ParseIP(host).IsLoopback() {
		return nil
	}
	_, err = a.Verify(r, body)
	return err
}
