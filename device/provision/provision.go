package provision

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/engine/provision"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/provisioning"
)

// UseCases is what the plane translates to; *provision.Service of the engine is one.
type UseCases interface {
	AddPending(ctx context.Context, c registry.Certificate) (until time.Time, err error)
	Provision(ctx context.Context, r provision.Request) (provision.Provisioned, error)
}

// Issuer makes keys and certificates of devices.
type Issuer interface {
	NewKey() (*rsa.PrivateKey, error)
	Issue(public any) ([]byte, error)
}

// Plane answers devices that provision themselves. It may be used concurrently.
type Plane struct {
	UseCases UseCases
	Issuer   Issuer
	Tokens   Sealer
	Scope    registry.Scope
	// Rate limits requests of all devices together. Nil does not limit.
	Rate *rates.Limit
	Log  *slog.Logger
	// Answered is called with each request that was answered or left out: its operation, and the code
	// with which it was rejected, empty for one that was accepted. May be nil.
	Answered func(operation, code string, took time.Duration)

	turns turns
}

// A Request is what a device has published on a topic of provisioning.
type Request struct {
	Topic   string
	Payload []byte
	// Connection is the number of the connection, and Principal the id of who is connected: of a
	// certificate, or of a key; empty on the plain listener.
	Connection          uint64
	ClientID, Principal string
	// Hears reports whether the client subscribes to a topic and may receive what is published there.
	Hears func(topic string) bool
}

// Answer handles a request, and returns topic and payload of the answer. Nothing is done for a client
// that would not hear the answer: a certificate would be made whose key nobody has. reply is empty
// then (R-ID-80).
func (p *Plane) Answer(ctx context.Context, r Request) (reply string, body []byte) {
	asked, ok := parseTopic(r.Topic)
	if !ok {
		return "", nil
	}
	began, code := clock.Now(), ""
	if p.Answered != nil {
		defer func() { p.Answered(string(asked.operation), code, clock.Now().Sub(began)) }()
	}
	accepted, rejected := r.Topic+"/accepted", r.Topic+"/rejected"
	log := p.Log.With("op", string(asked.operation), "client", r.ClientID, "principal", r.Principal,
		"connection", r.Connection)
	if !r.Hears(accepted) {
		code = notHeard
		log.Warn("a provisioning request is left out: its client does not subscribe to the answer, "+
			"or may not receive it", "topic", accepted)
		return "", nil
	}
	answer, err := p.handle(ctx, asked, r)
	if err == nil {
		if body, err = asked.form.write(answer); err == nil {
			log.Info("provisioning request was accepted", "template", asked.template)
			return accepted, body
		}
	}
	if fault.Of(err) == nil {
		log.Error("provisioning request", "template", asked.template, "err", err)
	} else {
		log.Warn("provisioning request was rejected", "template", asked.template, "err", err)
	}
	refusal := rejectionOf(err)
	if code = refusal.ErrorCode; !r.Hears(rejected) {
		return "", nil
	}
	if body, err = asked.form.write(refusal); err != nil {
		return "", nil
	}
	return rejected, body
}

// notHeard is the code of a request whose client does not hear the answer. It is told nobody.
const notHeard = "NotSubscribed"

// rejection is the payload of a refusal.
type rejection struct {
	StatusCode   int    `json:"statusCode"`
	ErrorCode    string `json:"errorCode"`
	ErrorMessage string `json:"errorMessage"`
}

// rejectionOf is how an error is told.
func rejectionOf(err error) rejection {
	face := api.OnControl(nil, err)
	r := rejection{
		StatusCode:   face.Status,
		ErrorCode:    strings.TrimSuffix(string(face.Exception), "Exception"),
		ErrorMessage: api.Message(err),
	}
	switch {
	case errors.Is(err, provision.ErrToken):
		r.ErrorCode = "InvalidCertificateOwnershipToken"
	case fault.Is(err, fault.Throttled):
		r.StatusCode = http.StatusTooManyRequests
	}
	return r
}

// handle does what is asked for, if it may be asked for now.
func (p *Plane) handle(ctx context.Context, asked request, r Request) (answer any, err error) {
	if r.Principal == "" {
		return nil, fault.New(fault.Forbidden,
			"a device needs a claim for this, which is a certificate or a key; here it has none")
	}
	if err := p.turns.check(r.Connection); err != nil {
		return nil, err
	}
	if !p.Rate.Allow() {
		return nil, errTooMany
	}
	switch asked.operation {
	case createKeys:
		return p.createKeys(ctx, asked, r)
	case fromCSR:
		return p.createFromCSR(ctx, asked, r)
	}
	return p.register(ctx, asked, r)
}

// created is what a device gets with a certificate.
type created struct {
	CertificateID             string `json:"certificateId"`
	CertificatePEM            string `json:"certificatePem"`
	PrivateKey                string `json:"privateKey,omitempty"`
	CertificateOwnershipToken string `json:"certificateOwnershipToken"`
}

// createKeys makes a key and a certificate. The private key is in the answer and nowhere else
// (R-ID-15).
func (p *Plane) createKeys(ctx context.Context, asked request, r Request) (any, error) {
	if err := asked.form.read(r.Payload, &struct{}{}); err != nil {
		return nil, err
	}
	done, err := p.turns.forKey(ctx)
	if err != nil {
		return nil, err
	}
	key, err := p.Issuer.NewKey()
	done()
	if err != nil {
		return nil, err
	}
	made, err := p.issue(ctx, key.Public())
	if err != nil {
		return nil, err
	}
	made.PrivateKey = string(pem.EncodeToMemory(&pem.Block{
		Type:  "RSA PRIVATE KEY",
		Bytes: x509.MarshalPKCS1PrivateKey(key),
	}))
	return made, nil
}

// createFromCSR makes a certificate for a key that stays with the device.
func (p *Plane) createFromCSR(ctx context.Context, asked request, r Request) (any, error) {
	var in struct {
		CertificateSigningRequest string `json:"certificateSigningRequest"`
	}
	if err := asked.form.read(r.Payload, &in); err != nil {
		return nil, err
	}
	const most = 4096 // as in the published API
	if in.CertificateSigningRequest == "" || len(in.CertificateSigningRequest) > most {
		return nil, fault.New(fault.Invalid,
			"certificateSigningRequest: must have 1 to %d characters", most)
	}
	public, err := registry.CheckCSR(in.CertificateSigningRequest)
	if err != nil {
		return nil, err
	}
	return p.issue(ctx, public)
}

// issue makes a certificate for a public key, registers it for an hour, and returns it with its
// token.
func (p *Plane) issue(ctx context.Context, public any) (made created, err error) {
	der, err := p.Issuer.Issue(public)
	if err != nil {
		return made, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return made, err
	}
	made.CertificateID = tlsutil.Fingerprint(parsed.Raw)
	made.CertificatePEM = string(tlsutil.EncodeCertificate(parsed.Raw))
	until, err := p.UseCases.AddPending(ctx, registry.Certificate{
		ID:        made.CertificateID,
		PEM:       made.CertificatePEM,
		Mode:      "DEFAULT",
		NotBefore: parsed.NotBefore.UTC(),
		NotAfter:  parsed.NotAfter.UTC(),
	})
	if err != nil {
		return made, err
	}
	made.CertificateOwnershipToken, err = token(p.Tokens, made.CertificateID, until)
	return made, err
}

// provisioned is what a device gets that was provisioned.
type provisioned struct {
	DeviceConfiguration map[string]any `json:"deviceConfiguration"`
	ThingName           string         `json:"thingName,omitempty"`
}

// provisionRequest is what a device sends to be provisioned.
type provisionRequest struct {
	CertificateOwnershipToken string            `json:"certificateOwnershipToken"`
	Parameters                map[string]string `json:"parameters"`
}

// register provisions the device by a template.
func (p *Plane) register(ctx context.Context, asked request, r Request) (any, error) {
	var in provisionRequest
	if err := asked.form.read(r.Payload, &in); err != nil {
		return nil, err
	}
	if err := provisioning.CheckParameters(in.Parameters); err != nil {
		return nil, err
	}
	certificate, err := certificateOf(p.Tokens, in.CertificateOwnershipToken, clock.Now())
	if err != nil {
		return nil, err
	}
	done, err := p.UseCases.Provision(ctx, provision.Request{
		Template:    asked.template,
		Certificate: certificate,
		Parameters:  in.Parameters,
		Claim:       claimOf(r.Principal),
		ClientID:    r.ClientID,
		Scope:       p.Scope,
	})
	if err != nil {
		return nil, err
	}
	configuration, err := value(done.Configuration)
	return provisioned{DeviceConfiguration: configuration, ThingName: done.Thing}, err
}

// claimOf is the id of the certificate that a client is connected with; empty for one that is
// connected with a key.
func claimOf(principal string) string {
	const digits = 64
	if len(principal) != digits || strings.Trim(principal, "0123456789abcdef") != "" {
		return ""
	}
	return principal
}
