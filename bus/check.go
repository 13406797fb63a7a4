package bus

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/nats-io/nkeys"

	"github.com/drover-iot/drover/internal/disk"
)

// What an operator gives is checked before anything is opened. A bus that does not answer does not
// end the server, so what can never work is refused here.

// CheckURL refuses what is no address of NATS. What it says has nothing of the text: a password may
// stand in it.
func CheckURL(text string) error {
	for address := range strings.SplitSeq(text, ",") {
		u, err := url.Parse(strings.TrimSpace(address))
		if err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" {
			return errors.New("must be a URL like nats://nats.example.org:4222, or tls://… " +
				"for TLS, or several with commas between them")
		}
	}
	return nil
}

// Shown is what may be shown of a URL: the servers without users and passwords.
func Shown(text string) string {
	var shown []string
	for address := range strings.SplitSeq(text, ",") {
		if u, err := url.Parse(strings.TrimSpace(address)); err == nil && u.Host != "" {
			shown = append(shown, u.Scheme+"://"+u.Host)
		}
	}
	return strings.Join(shown, ",")
}

// HasPassword reports whether there is a password or a token in a URL.
func HasPassword(text string) bool {
	for address := range strings.SplitSeq(text, ",") {
		u, err := url.Parse(strings.TrimSpace(address))
		if err == nil && u.User != nil {
			return true // a user alone is a token
		}
	}
	return false
}

// CheckCredentials refuses a file that has no JWT and no key of a user of NATS, or that others may
// read. What it says has nothing of its content.
func CheckCredentials(file string) error {
	text, err := disk.ReadPrivate(file)
	if err != nil {
		return err
	}
	_, err = nkeys.ParseDecoratedJWT(text)
	if err == nil {
		_, err = nkeys.ParseDecoratedUserNKey(text)
	}
	if err != nil {
		return fmt.Errorf("%s has not the JWT and the key of a user, as nsc writes them", file)
	}
	return nil
}
