package app

import (
	"crypto/x509"
	"time"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/provision"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/hook"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/registry"
)

// ownershipTokens is the purpose of the key that seals the tokens of devices which provision
// themselves. It is made of a secret that all servers on one store share.
const ownershipTokens = "certificate ownership tokens"

// joinProvisioning makes what answers devices that provision themselves, and has the hooks of
// templates asked.
func (s *Server) joinProvisioning(issuer *gateway.Issuer, hooks *hook.Caller) error {
	tokens, err := seal.Derive(s.secrets.tokens, ownershipTokens)
	if err != nil {
		return err
	}
	s.engine.Provision.Ask = hooks.Call
	s.engine.Identity.ProvisionFirst = func(
		tx *commit.Tx, from registry.RegistrationConfig, c registry.Certificate, leaf *x509.Certificate,
	) (registry.CertificateStatus, error) {
		return s.engine.Provision.ProvisionFirst(tx, from, c, leaf, s.Scope)
	}
	s.engine.Provision.Refused = func(template, certificate string, err error) {
		if err == nil {
			s.Log.Info("a hook has not allowed a device", "template", template,
				"certificate", certificate)
			return
		}
		s.Log.Warn("a hook gave no answer about a device", "template", template,
			"certificate", certificate, "err", err)
	}
	s.claims = &provision.Plane{
		UseCases: s.engine.Provision,
		Issuer:   issuer,
		Tokens:   tokens,
		Scope:    s.Scope,
		Rate:     rates.PerSecond(provision.PerSecond),
		Log:      s.Log,
		Answered: func(operation, code string, took time.Duration) {
			s.observeDevice(device.Answered{
				Transport: device.OverMQTT,
				Operation: operation,
				Code:      code,
				Took:      took,
			})
		},
	}
	return nil
}
