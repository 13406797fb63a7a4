package control

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
)

// Tokens are opaque, authenticated and bound to the operation and its filters (R-WIRE-23, R-ID-3).
func TestPages(t *testing.T) {
	t.Parallel()
	pages, filters := Pages{Key: []byte("key")}, []byte(`"thingTypeName":"a",`)
	token := pages.seal("ListThings", filters, "pump-07")
	if strings.Contains(token, "pump") || !markers(token) {
		t.Errorf("token %s", token)
	}
	var at string
	err := pages.open("nextToken", token, "ListThings", filters, &at)
	if err != nil || at != "pump-07" {
		t.Errorf("opened as %q: %v", at, err)
	}
	const not, other = "not a token of this server", "made by a request with other filters"
	flipped := []byte(token)
	flipped[len(flipped)/2] ^= 1
	for _, tt := range []struct {
		name, token, operation, filters string
		pages                           Pages
		want                            string
	}{
		{"another operation", token, "ListJobs", string(filters), pages, other},
		{"other filters", token, "ListThings", `"thingTypeName":"b",`, pages, other},
		{"no filters", token, "ListThings", "", pages, other},
		{"another key", token, "ListThings", string(filters), Pages{Key: []byte("k")}, not},
		{"no key", token, "ListThings", string(filters), Pages{}, not},
		{"changed", string(flipped), "ListThings", string(filters), pages, not},
		{"cut", token[:len(token)-4], "ListThings", string(filters), pages, not},
		{"too short", "abc=", "ListThings", string(filters), pages, not},
		{"no base64", "#", "ListThings", string(filters), pages, not},
		{"empty", "", "ListThings", string(filters), pages, not},
	} {
		err := tt.pages.open("marker", tt.token, tt.operation, []byte(tt.filters), &at)
		if !fault.Is(err, fault.Invalid) || err.Error() != "Invalid: marker: "+tt.want {
			t.Errorf("%s: %v, want Invalid, marker: %s", tt.name, err, tt.want)
		}
	}
}

// markers reports whether a text has only characters that markers may have.
func markers(token string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	return strings.Trim(token, alphabet) == ""
}

// What is authentic, but was made by another version, is refused and does not stop the server.
func TestPagesOfAnotherVersion(t *testing.T) {
	t.Parallel()
	pages := Pages{Key: []byte("key")}
	sealed := func(body string) string {
		return base64.StdEncoding.EncodeToString(append(pages.mac([]byte(body)), body...))
	}
	var at string
	for name, token := range map[string]string{
		"no JSON":        sealed("?"),
		"no hash":        sealed(`{"Cursor":"a"}`),
		"another cursor": pages.seal("ListThings", nil, struct{ Name string }{"a"}),
	} {
		err := pages.open("nextToken", token, "ListThings", nil, &at)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
}
