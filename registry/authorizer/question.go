package authorizer

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// Question is what the function of an authorizer is asked, in the form that a Lambda function gets
// at AWS (R-ID-93). What does not apply to a connection is left out.
type Question struct {
	Token             string       `json:"token,omitempty"`
	SignatureVerified bool         `json:"signatureVerified"`
	Protocols         []string     `json:"protocols"`
	ProtocolData      ProtocolData `json:"protocolData"`
	Connection        *Connection  `json:"connectionMetadata,omitempty"`
}

// ProtocolData is what the client has sent, by protocol.
type ProtocolData struct {
	TLS  *TLSData  `json:"tls,omitempty"`
	HTTP *HTTPData `json:"http,omitempty"`
	MQTT *MQTTData `json:"mqtt,omitempty"`
}

// TLSData is what TLS says.
type TLSData struct {
	ServerName string `json:"serverName"`
}

// HTTPData is the request that opened a WebSocket.
type HTTPData struct {
	Headers     map[string]string `json:"headers"`
	QueryString string            `json:"queryString"`
}

// MQTTData is what the CONNECT says.
type MQTTData struct {
	Username string `json:"username,omitempty"`
	Password []byte `json:"password,omitempty"` // base64 in JSON
	ClientID string `json:"clientId,omitempty"`
}

// Connection names the connection, for logs.
type Connection struct {
	ID string `json:"id"`
}

// Ask makes the question of an authorizer about a client, after checking the signature of its token.
// A client that may not even be asked about is a fault.
func Ask(a registry.Authorizer, c Client, shown Token, connection string) (Question, error) {
	if n := c.size(); n > MaxBytes {
		return Question{}, refused("the client has shown %d bytes, at most %d are allowed", n, MaxBytes)
	}
	q := Question{Connection: &Connection{connection}, SignatureVerified: !a.SigningDisabled}
	if a.TokenKey != "" {
		q.Token = shown.Value
	}
	if !a.SigningDisabled {
		if err := CheckSignature(a, shown); err != nil {
			return Question{}, err
		}
	}
	if c.ServerName != "" {
		q.Protocols = append(q.Protocols, "tls")
		q.ProtocolData.TLS = &TLSData{c.ServerName}
	}
	if c.HTTP != nil {
		q.Protocols = append(q.Protocols, "http")
		query := c.HTTP.Query
		if query != "" {
			query = "?" + query
		}
		q.ProtocolData.HTTP = &HTTPData{c.HTTP.Headers, query}
	}
	q.Protocols = append(q.Protocols, "mqtt")
	q.ProtocolData.MQTT = &MQTTData{c.Username, c.Password, c.ClientID}
	return q, nil
}

// CheckSignature refuses a token that none of the authorizer's keys has signed.
func CheckSignature(a registry.Authorizer, t Token) error {
	switch {
	case t.Value == "":
		return refused("there is no token %s", a.TokenKey)
	case t.Signature == "":
		return refused("the token %s has no signature", a.TokenKey)
	}
	signed, err := base64.StdEncoding.DecodeString(padded(t.Signature))
	if err != nil {
		return refused("the signature of the token %s is no base64", a.TokenKey)
	}
	digest := sha256.Sum256([]byte(t.Value))
	for _, text := range a.SigningKeys {
		key, err := registry.ParseSigningKey(text)
		if err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signed) == nil {
			return nil
		}
	}
	return refused("the signature of the token %s is of none of the %d keys",
		a.TokenKey, len(a.SigningKeys))
}

// padded is a text in base64 with its padding, which some clients leave out.
func padded(text string) string {
	text = strings.TrimRight(text, "=")
	return text + strings.Repeat("=", (4-len(text)%4)%4)
}

// refused is the fault of a client that does not get in.
func refused(format string, args ...any) error {
	return fault.New(fault.Forbidden, "%s", fmt.Sprintf(format, args...))
}
