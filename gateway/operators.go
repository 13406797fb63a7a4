package gateway

import (
	"net/http"

	"github.com/drover-iot/drover/api/notoffered"
	"github.com/drover-iot/drover/internal/clock"
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

// OperatorAuth authenticates operators: by the signature of a request, or by a session.
type OperatorAuth struct {
	Keys *Keys
	// Scope is the region that signatures must be made for. A relaxed one accepts any.
	Scope registry.Scope
	// OpenPlain says that the plain listener is meant for other machines too, so that it has names
	// which are not those of loopback.
	OpenPlain bool
}

// signed is a request with a signature whose head was checked: everything that needs no body.
type signed struct {
	sigv4.Signature
	request *http.Request
	key     Key
	// hash is that of the body, where the request declares it or has no body. Then the signature
	// was verified with it: the caller has the key. Empty when the signature cannot be verified
	// before the body is read; then the caller has shown no more than that it knows the id of a
	// key.
	hash string
}

// Begin checks of a signed request all that needs no body (R-WIRE-29): that it was signed for this
// server, with a key that exists, at a time near this one, and the signature itself where the hash
// of the body is known. What could be read of the signature is returned also with an error: its
// service says which plane answers. Faults: NoCredentials, UnknownKey, BadSignature, Expired, and
// UnknownOperation for a service that is not offered.
func (a *OperatorAuth) Begin(r *http.Request) (s signed, err error) {
	s.request = r
	if s.Signature, err = sigv4.Parse(r); err != nil {
		return s, err
	}
	if err := a.checkScope(s.Signature, r); err != nil {
		return s, err
	}
	if s.key, err = a.Keys.Find(s.AccessKeyID); err != nil {
		return s, err
	}
	if err := s.CheckHead(r, clock.Now()); err != nil {
		return s, err
	}
	if s.hash, err = sigv4.KnownHash(r); err != nil || s.hash == "" {
		return s, err
	}
	return s, s.Verify(r, s.hash, s.key.SecretAccessKey)
}

// checkScope checks what the signature was made for.
func (a *OperatorAuth) checkScope(s sigv4.Signature, r *http.Request) error {
	if err := notoffered.RefuseService(s.Service, r.Method, r.URL.EscapedPath()); err != nil {
		return err
	}
	switch s.Service {
	case serviceControl, serviceControlLegacy, serviceDevice:
	default:
		return fault.New(fault.BadSignature,
			"the signature is for service %q; sign for %s or %s",
			s.Service, serviceControl, serviceDevice)
	}
	return a.checkRegion(s)
}

// checkRegion checks the region that the signature was made for.
func (a *OperatorAuth) checkRegion(s sigv4.Signature) error {
	if s.Region != a.Scope.Region && !a.Scope.Relaxed {
		return fault.New(fault.BadSignature,
			"the signature is for region %q; this server is %s", s.Region, a.Scope.Region)
	}
	return nil
}

// finish checks the body of a request that Begin let through: against the hash that was verified,
// or with the signature. The fault is BadSignature.
func (s *signed) finish(body []byte) error {
	if s.hash != "" {
		return sigv4.CheckBody(body, s.hash)
	}
	return s.Verify(s.request, sigv4.Hash(body), s.key.SecretAccessKey)
}

// caller says whose body is going to be read.
func (s *signed) caller() caller {
	if s.hash != "" {
		return caller{id: s.AccessKeyID, proven: true}
	}
	return caller{id: addressOf(s.request)}
}
