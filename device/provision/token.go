package provision

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/drover-iot/drover/engine/provision"
)

// A certificate ownership token shows that its holder was given a certificate. It is the id of the
// certificate and the end of the token, sealed by a key of the server, so that any node understands
// it, also after a restart. That it is used once follows from the certificate: when it is
// provisioned, it does not wait for that any more (R-ID-82).

// Sealer seals and opens small values. It is what seal.Key does.
type Sealer interface {
	Seal(name string, value []byte) []byte
	Open(name string, sealed []byte) ([]byte, error)
}

// tokenName is what tokens are sealed as.
const tokenName = "certificateOwnershipToken"

// token makes the token of a certificate.
func token(s Sealer, certificate string, until time.Time) (string, error) {
	id, err := hex.DecodeString(certificate)
	if err != nil {
		return "", err
	}
	sealed := s.Seal(tokenName, binary.BigEndian.AppendUint64(id, uint64(until.UnixMilli())))
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// certificateOf returns the certificate of a token that is good at a time.
func certificateOf(s Sealer, text string, now time.Time) (string, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", provision.ErrToken
	}
	opened, err := s.Open(tokenName, sealed)
	if err != nil || len(opened) != 32+8 {
		return "", provision.ErrToken
	}
	until := time.UnixMilli(int64(binary.BigEndian.Uint64(opened[32:])))
	if until.Before(now) {
		return "", provision.ErrToken
	}
	return hex.EncodeToString(opened[:32]), nil
}
