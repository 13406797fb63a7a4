package sinks

import (
	"crypto/rand"
	"encoding/base64"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/sink"
)

// Secrets are those that an operator gives; nil are none, or those that there are.
type Secrets struct{ Signing, Credentials, Password []byte }

// The names under which the secrets of a sink are sealed.
func sealedName(name, secret string) string { return "sink/" + name + "/" + secret }

const (
	signingSecret     = "signing"
	credentialsSecret = "credentials"
	passwordSecret    = "password"
)

// seal puts secrets into a definition, encrypted.
func (s *Service) seal(name string, d *sink.Definition, given Secrets) {
	for secret, at := range map[string]struct{ value, to *[]byte }{
		signingSecret:     {&given.Signing, &d.Secrets.Signing},
		credentialsSecret: {&given.Credentials, &d.Secrets.Credentials},
		passwordSecret:    {&given.Password, &d.Secrets.Password},
	} {
		switch {
		case *at.value == nil:
		case len(*at.value) == 0:
			*at.to = nil
		default:
			*at.to = s.Seal.Seal(sealedName(name, secret), *at.value)
		}
	}
}

// NewSecret draws a secret that signs webhooks.
func NewSecret() []byte {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails: crypto/rand ends the program instead
	return secret
}

// secretPrefix begins the text of a signing secret, as the Standard Webhooks specification has it.
const secretPrefix = "whsec_"

// FormatSecret is a signing secret as text.
func FormatSecret(secret []byte) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(secret)
}

// ParseSecret reads a signing secret: whsec_ and the base64 of 24 to 64 bytes (R-SNK-5).
func ParseSecret(text string) ([]byte, error) {
	encoded, found := strings.CutPrefix(text, secretPrefix)
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || len(secret) < 24 || len(secret) > 64 { // the text is not repeated
		return nil, fault.New(fault.Invalid, "secret: must be whsec_ and the base64 of 24 to 64 bytes")
	}
	return secret, nil
}

// target opens the secrets of a sink.
func (s *Service) target(of sink.Sink) (t Target, err error) {
	t.Definition = of.Definition
	for _, secret := range []struct {
		name   string
		sealed []byte
		to     *[]byte
	}{
		{signingSecret, of.Secrets.Signing, &t.Signing},
		{signingSecret, of.Secrets.Previous, &t.Previous},
		{credentialsSecret, of.Secrets.Credentials, &t.Credentials},
		{passwordSecret, of.Secrets.Password, &t.Password},
	} {
		if len(secret.sealed) == 0 {
			continue
		}
		if *secret.to, err = s.Seal.Open(sealedName(of.Name, secret.name), secret.sealed); err != nil {
			return t, err
		}
	}
	return t, nil
}
