package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/device/https"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/schema"
)

// Identities is what is asked of the registry about certificates. Of engine/identity, *Service is
// one.
type Identities interface {
	// Identify returns the certificate with an id if it may connect: registered, ACTIVE, and within
	// its validity by the real clock. Another is a fault; an error that is no fault means that the
	// store could not be read.
	Identify(ctx context.Context, id string, realNow time.Time) (registry.Certificate, error)
	// RegisterFirst registers a certificate that is not registered and that a client has presented,
	// if a CA that registers by itself has signed it, and returns the status that it has then, empty
	// when it was not (R-ID-71). Its client connects again.
	RegisterFirst(
		ctx context.Context, leaf *x509.Certificate, realNow time.Time,
	) (registry.CertificateStatus, error)
	// Access returns the policies in effect for a certificate, and its connection thing. The client
	// id is empty over HTTP.
	Access(ctx context.Context, certificate, clientID string) (identity.Access, error)
	// AccessByPolicies returns the policies with these names, and the thing that is named like the
	// client id.
	AccessByPolicies(ctx context.Context, policies []string, clientID string) (identity.Access, error)
	// AccessVersion is a number that changes whenever an answer of the other two may have changed.
	AccessVersion() uint64
}

// DeviceAuth authenticates devices by their certificate and decides by their policies. TLS has
// proved that the device has the private key of the certificate; who signed it does not matter
// (R-BRK-4). The registry knows it by its fingerprint.
type DeviceAuth struct {
	Identities Identities
	// Scope is the account and region of the ARNs that policies are compared with.
	Scope registry.Scope
	// Seen is called with the thing of each request with a client certificate that is allowed. May
	// be nil.
	Seen func(thing string)
	// Authorizers lets clients in that have no certificate and have offered mqtt by ALPN. May be nil.
	Authorizers *Authorizers
	Log         *slog.Logger
}

var errNoCertificate = errors.New("no client certificate")

// Authenticate says who is at the other end of an MQTT connection; it is a broker.Authenticator. On
// the plain listener that is nobody in particular, who may do everything (R-BRK-39). With TLS an
// error means that the connection is closed without an answer (R-BRK-6).
func (a *DeviceAuth) Authenticate(
	ctx context.Context, link broker.Link,
) (broker.Principal, error) {
	if link.TLS == nil {
		return broker.Anyone(ctx, link)
	}
	leaf := clientCertificate(link.TLS)
	if leaf == nil {
		if a.Authorizers != nil && link.TLS.NegotiatedProtocol == alpnPlainMQTT {
			return a.Authorizers.FromTLS(link.TLS, link.Remote), nil
		}
		return nil, errNoCertificate
	}
	certificate, err := a.identifyLeaf(ctx, leaf)
	if err != nil {
		return nil, err
	}
	return &certified{auth: a, id: certificate.ID, leaf: leaf}, nil
}

// identifyLeaf asks for the certificate that a client has presented. One that is not registered may
// be registered by that (R-ID-71); the client is refused all the same.
func (a *DeviceAuth) identifyLeaf(
	ctx context.Context, leaf *x509.Certificate,
) (registry.Certificate, error) {
	id := tlsutil.Fingerprint(leaf.Raw)
	certificate, unknown := a.identify(ctx, id)
	if !fault.Is(unknown, fault.Forbidden) {
		return certificate, unknown
	}
	status, err := a.Identities.RegisterFirst(ctx, leaf, clock.Now())
	switch {
	case errors.Is(err, identity.ErrNotProvisioned):
		a.Log.Warn("refused", "principal", id, "reason", "not provisioned", "err", err)
		return certificate, fault.New(fault.Forbidden,
			"the certificate %s cannot be provisioned by the template of its CA", id)
	case err != nil:
		return certificate, err
	case status == registry.CertificateActive:
		return certificate, fault.New(fault.Forbidden,
			"the certificate %s was registered and provisioned just now; connect again", id)
	case status != "":
		return certificate, fault.New(fault.Forbidden, "the certificate %s was registered just now "+
			"and is %s until an operator makes it ACTIVE", id, status)
	}
	return certificate, unknown
}

// Principal returns the principal of a certificate by its id, for what is done when its connection
// is gone. It is the Principal of a broker.Config. The empty id is that of the plain listener.
func (a *DeviceAuth) Principal(ctx context.Context, id string) (broker.Principal, error) {
	if id == "" {
		return broker.Anyone(ctx, broker.Link{})
	}
	certificate, err := a.identify(ctx, id)
	if err != nil {
		return nil, err
	}
	leaf, err := registry.ParseCertificate(certificate.PEM)
	if err != nil {
		return nil, err
	}
	return &certified{auth: a, id: certificate.ID, leaf: leaf}, nil
}

// identify asks for a certificate by its id. It uses the real clock: the validity of a certificate
// secures a connection.
func (a *DeviceAuth) identify(ctx context.Context, id string) (registry.Certificate, error) {
	return a.Identities.Identify(ctx, id, clock.Now())
}

// MayConnect reports whether a certificate may be connected at all. Once it may not, its open
// connections must end (R-BRK-19). It is false when that cannot be found out.
func (a *DeviceAuth) MayConnect(id string) bool {
	_, err := a.identify(context.Background(), id)
	return err == nil
}

// ForRequest returns the check of one HTTPS request with a client certificate that was identified:
// may it do this operation of the device plane on this thing? The error is the answer to the
// device.
func (a *DeviceAuth) ForRequest(
	r *http.Request, id string, leaf *x509.Certificate,
) https.Authorize {
	return func(op *schema.Description, thing string) error {
		access, err := a.Identities.Access(r.Context(), id, "")
		if err != nil {
			return err
		}
		allowed := policy.Evaluate(access.Policies, policy.Request{
			Action:   "iotjobsdata:" + op.Name,
			Resource: a.Scope.ARN(registry.KindThing, thing),
			// Over HTTP there is no client id and no connection thing, so that the policy variables
			// of a connection do not resolve (R-HTTP-33).
			Context: policy.Context{
				CertificateID: id,
				Certificate:   leaf,
				SourceIP:      addressOf(r), // empty, so no address, when it cannot be read
			},
		})
		if allowed != policy.Allowed {
			return fault.New(fault.Forbidden,
				"the certificate's policies do not allow iotjobsdata:%s on thing %s",
				op.Name, thing)
		}
		if a.Seen != nil {
			a.Seen(thing)
		}
		return nil
	}
}

// clientCertificate is the certificate that a client presented, nil without TLS or without one.
func clientCertificate(state *tls.ConnectionState) *x509.Certificate {
	if state == nil || len(state.PeerCertificates) == 0 {
		return nil
	}
	return state.PeerCertificates[0]
}
