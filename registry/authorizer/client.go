package authorizer

import (
	"net/url"
	"strings"
)

// What a client shows for itself: the user name and password of its CONNECT and, over WebSocket,
// the headers and the query of the request that opened the connection (R-ID-92).

// The parameters that choose an authorizer, as headers, in a query or in a user name.
const (
	nameKey      = "x-amz-customauthorizer-name"
	signatureKey = "x-amz-customauthorizer-signature"
)

// MaxBytes is how much of what a client shows there may be. It is kept in memory as long as the
// function will be asked again.
const MaxBytes = 16 << 10

// A Client is what a client has shown. Some of it is secret.
type Client struct {
	ServerName string // of TLS; empty: none
	HTTP       *HTTP  // nil: not over WebSocket
	Username   string
	Password   []byte
	ClientID   string
}

// HTTP is the request that opened a WebSocket.
type HTTP struct {
	Headers map[string]string // by their names in lower case
	Query   string            // without the question mark
}

// Choice is the name of the authorizer that a client asks for; empty: the default.
func (c Client) Choice() string { return c.value(nameKey) }

// Names reports whether a request names an authorizer or gives a token's signature. One that does
// neither may still be for an authorizer, by the user name that follows.
func (h *HTTP) Names() (name string, ok bool) {
	c := Client{HTTP: h}
	name = c.value(nameKey)
	return name, name != "" || c.value(signatureKey) != ""
}

// A Token is what an authorizer with a token key is asked about, and its signature in base64.
type Token struct{ Value, Signature string }

// Token is the token of a client under a key.
func (c Client) Token(key string) Token {
	signature := strings.ReplaceAll(c.value(signatureKey), " ", "+")
	if key == "" {
		return Token{"", signature}
	}
	return Token{c.value(key), signature}
}

// value is that of a parameter: the header, or else the one of the query, or else the one of the
// user name.
func (c Client) value(key string) string {
	if c.HTTP != nil {
		if found := c.HTTP.Headers[strings.ToLower(key)]; found != "" {
			return found
		}
		if found := parameter(c.HTTP.Query, key); found != "" {
			return found
		}
	}
	_, query, _ := strings.Cut(c.Username, "?")
	return parameter(query, key)
}

// parameter is the value of one parameter of a query; empty when it is not there. A + is a plus
// sign: a signature in base64 has some, and clients do not all escape them. What some SDKs append
// begins with a question mark although there is one already.
func parameter(query, key string) string {
	pairs := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == '?' })
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if name, err := url.PathUnescape(name); err != nil || !strings.EqualFold(name, key) {
			continue
		}
		if plain, err := url.PathUnescape(value); err == nil {
			return plain
		}
		return value
	}
	return ""
}

// size is how many bytes a client has shown.
func (c Client) size() int {
	n := len(c.ServerName) + len(c.Username) + len(c.Password) + len(c.ClientID)
	if c.HTTP != nil {
		n += len(c.HTTP.Query)
		for name, value := range c.HTTP.Headers {
			n += len(name) + len(value)
		}
	}
	return n
}
