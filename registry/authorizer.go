package registry

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/outside"
)

// An authorizer lets devices connect that have no certificate: they show a token, or a user name
// and a password, and a function outside says who they are and what they may do (R-ID-90). What is
// asked and answered is the business of registry/authorizer.

// The statuses of an authorizer. One that is not ACTIVE lets nobody connect.
const (
	AuthorizerActive   = "ACTIVE"
	AuthorizerInactive = "INACTIVE"
)

const (
	// MaxAuthorizers is how many there may be (R-ID-90).
	MaxAuthorizers = 100
	// maxSigningKeys is how many keys one may have: the old and the new one while keys are changed,
	// and some room.
	maxSigningKeys = 10
	// minSigningBits is the size of the smallest key.
	minSigningBits = 2048
	// TokensPrefix begins the function of an authorizer that reads a file of tokens.
	TokensPrefix = "file:"
)

// Authorizer is a custom authorizer. Its json names are stored.
type Authorizer struct {
	Name string `json:"name"`
	// Function is the URL that is asked, or file: and the name of a file of tokens.
	Function string `json:"function"`
	// TokenKey names the header or parameter that has the token; empty: there is none.
	TokenKey string `json:"tokenKey,omitempty"`
	// SigningKeys are public keys in PEM by their names. A token must be signed with one of them,
	// unless SigningDisabled.
	SigningKeys     map[string]string `json:"signingKeys,omitempty"`
	SigningDisabled bool              `json:"signingDisabled,omitempty"`
	// CachingForHTTP is kept and shown, and has no effect (R-ID-97).
	CachingForHTTP bool   `json:"cachingForHttp,omitempty"`
	Status         string `json:"status"`
	// Default is set of the one that clients get which name none.
	Default   bool      `json:"default,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// AuthorizerUpdate is what UpdateAuthorizer changes. What is nil stays.
type AuthorizerUpdate struct {
	Function       *string
	TokenKey       *string
	SigningKeys    map[string]string
	Status         *string
	CachingForHTTP *bool
}

// Check refuses an authorizer that nobody could connect by.
func (a Authorizer) Check() error {
	if err := checkFunction(a.Function); err != nil {
		return err
	}
	if len(a.SigningKeys) > maxSigningKeys {
		return fault.New(fault.Limit, "tokenSigningPublicKeys: %d keys, at most %d are allowed",
			len(a.SigningKeys), maxSigningKeys)
	}
	for _, name := range slices.Sorted(maps.Keys(a.SigningKeys)) {
		if _, err := ParseSigningKey(a.SigningKeys[name]); err != nil {
			return fault.New(fault.Invalid, "tokenSigningPublicKeys.%s: %v", name, err)
		}
	}
	switch {
	case a.SigningDisabled:
		return nil
	case a.TokenKey == "":
		return fault.New(fault.Invalid,
			"tokenKeyName: required, when signingDisabled is not true: it names the token that is signed")
	case len(a.SigningKeys) == 0:
		return fault.New(fault.Invalid,
			"tokenSigningPublicKeys: required, when signingDisabled is not true")
	}
	return nil
}

// checkFunction refuses what no server could ask (R-ID-91).
func checkFunction(text string) error {
	const member = "authorizerFunctionArn"
	if name, isFile := strings.CutPrefix(text, TokensPrefix); isFile {
		if !ValidTokensName(name) {
			return fault.New(fault.Invalid,
				"%s: %q: after file: stands the name of a file of the folder that the server has for "+
					"tokens (--authorizer-tokens), without a path", member, text)
		}
		return nil
	}
	if strings.HasPrefix(text, "arn:") {
		return fault.New(fault.Invalid,
			"%s: %q: Drover calls no Lambda functions; give the https URL of a service that "+
				"answers as the function did, or file:NAME for a file of tokens", member, text)
	}
	if !strings.Contains(text, "://") {
		return fault.New(fault.Invalid, "%s: is neither an https URL nor file:NAME", member)
	}
	_, err := outside.CheckURL(member, text)
	return err
}

// ValidTokensName reports whether a name is that of a file, in no other folder than its own.
func ValidTokensName(name string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
	return name != "" && len(name) <= 128 && name[0] != '.' && strings.Trim(name, allowed) == ""
}

// TokensFile is the name of the file of tokens that the authorizer reads; empty: it asks a URL.
func (a Authorizer) TokensFile() string {
	name, isFile := strings.CutPrefix(a.Function, TokensPrefix)
	if !isFile {
		return ""
	}
	return name
}

// Active reports whether clients may connect by the authorizer.
func (a Authorizer) Active() bool { return a.Status == AuthorizerActive }

// Update changes what an update names.
func (a Authorizer) Update(u AuthorizerUpdate, now time.Time) (Authorizer, error) {
	if u.Function != nil {
		a.Function = *u.Function
	}
	if u.TokenKey != nil {
		a.TokenKey = *u.TokenKey
	}
	if u.SigningKeys != nil {
		a.SigningKeys = u.SigningKeys
	}
	if u.Status != nil {
		a.Status = *u.Status
	}
	if u.CachingForHTTP != nil {
		a.CachingForHTTP = *u.CachingForHTTP
	}
	a.UpdatedAt = now
	return a, a.Check()
}

// CheckDelete refuses to delete an authorizer by which clients may be connected.
func (a Authorizer) CheckDelete() error {
	if a.Active() {
		return fault.New(fault.DeleteConflict,
			"authorizer %s is ACTIVE; set it to INACTIVE first, which ends its connections", a.Name)
	}
	return nil
}

// SetDefault makes an authorizer of all the default and returns what changes: nothing for the one
// that is it already. Another one must be cleared first (R-ID-90).
func SetDefault(all []Authorizer, name string) (changed []Authorizer, err error) {
	for _, a := range all {
		switch {
		case a.Default && a.Name == name:
			return nil, nil
		case a.Default:
			return nil, taken(KindAuthorizer, a.Name, a.Name,
				"is the default; ClearDefaultAuthorizer comes first")
		case a.Name == name:
			a.Default = true
			changed = append(changed, a)
		}
	}
	if len(changed) == 0 {
		return nil, fault.New(fault.NotFound, "authorizer %s does not exist", name)
	}
	return changed, nil
}

// DefaultAuthorizer returns the default one of all.
func DefaultAuthorizer(all []Authorizer) (Authorizer, error) {
	for _, a := range all {
		if a.Default {
			return a, nil
		}
	}
	return Authorizer{}, fault.New(fault.NotFound, "there is no default authorizer")
}

// ParseSigningKey reads a public key in PEM. Only RSA is used for tokens.
func ParseSigningKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("is no public key in PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		if parsed, err = x509.ParsePKCS1PublicKey(block.Bytes); err != nil {
			return nil, errors.New("is no public key in PEM")
		}
	}
	key, ok := parsed.(*rsa.PublicKey)
	switch {
	case !ok:
		return nil, errors.New("is no RSA key")
	case key.N.BitLen() < minSigningBits:
		return nil, fmt.Errorf("has %d bits, at least %d are required",
			key.N.BitLen(), minSigningBits)
	}
	return key, nil
}
