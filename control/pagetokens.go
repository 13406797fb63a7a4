package control

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/drover-iot/drover/internal/fault"
)

// Pages makes and reads page tokens. A token holds the cursor of the page that it continues: the
// sort key of the last item before. To clients it is opaque. It is authenticated, so that nobody
// makes one up; bound to the operation and the filters of the request that it was made for, so
// that it cannot continue another list; and it does not expire (R-WIRE-23). Its text fits the
// alphabet of markers (R-ID-3).
type Pages struct {
	// Key authenticates tokens. It is stored with the data, so that tokens survive a restart.
	Key []byte
}

// pageToken is the content of a token.
type pageToken struct {
	Cursor json.RawMessage
	Bound  []byte // a hash of the operation and the filters, by bound
}

// macSize is how many bytes of the authentication code a token begins with.
const macSize = 16

// seal returns the token of the page after the cursor.
func (p Pages) seal(operation string, filters []byte, cursor any) string {
	inner, err := json.Marshal(cursor)
	if err != nil {
		panic(err) // cursors are plain structures
	}
	body, err := json.Marshal(pageToken{Cursor: inner, Bound: bound(operation, filters)})
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(append(p.mac(body), body...))
}

// open reads a token into the cursor. Two refusals, both Invalid, name the member that had it: the
// token was not made with this key, or it was made for another operation or other filters.
func (p Pages) open(member, token, operation string, filters []byte, cursor any) error {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(raw) < macSize || !hmac.Equal(raw[:macSize], p.mac(raw[macSize:])) {
		return notOurs(member)
	}
	var content pageToken
	if err := json.Unmarshal(raw[macSize:], &content); err != nil {
		return notOurs(member)
	}
	if !hmac.Equal(content.Bound, bound(operation, filters)) {
		return fault.New(fault.Invalid, "%s: made by a request with other filters", member)
	}
	if err := json.Unmarshal(content.Cursor, cursor); err != nil {
		return notOurs(member)
	}
	return nil
}

// notOurs is the refusal of what is no token of this server.
func notOurs(member string) error {
	return fault.New(fault.Invalid, "%s: not a token of this server", member)
}

// mac is the authentication code of the content of a token.
func (p Pages) mac(body []byte) []byte {
	m := hmac.New(sha256.New, p.Key)
	m.Write(body)
	return m.Sum(nil)[:macSize]
}

// bound is a hash of an operation and its filters, by which a token knows the list that it was
// made for. It need not be secret or long: what keeps clients from making up a token is the
// authentication code.
func bound(operation string, filters []byte) []byte {
	sum := sha256.Sum256(append([]byte(operation+"\n"), filters...))
	return sum[:8]
}
