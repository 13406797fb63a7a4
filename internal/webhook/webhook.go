// Package webhook signs as the Standard Webhooks specification has it.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// SetHeaders gives a request the headers of a message: its id, the time of this attempt, and a
// signature by each of the secrets.
func SetHeaders(header http.Header, id string, at time.Time, body []byte, secrets ...[]byte) {
	header.Set("webhook-id", id)
	header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signatures[i] = Sign(secret, id, at, body)
	}
	header.Set("webhook-signature", strings.Join(signatures, " "))
}

// Sign is the signature of a message.
func Sign(secret []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
