// Package deliver speaks to the other side of sinks: HTTPS webhooks, NATS and Kafka (docs/spec/55,
// R-SNK-5 to R-SNK-7 and R-SNK-13). It makes one attempt at a time and says what became of it; when
// there is another one is decided by whoever calls. It logs nothing, and no error of it has a secret
// or the query of a URL.
//
// Start with Dialer.Dial.
package deliver

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/internal/webclient"
	"github.com/drover-iot/drover/registry/outside"
	"github.com/drover-iot/drover/registry/sink"
)

// attemptLimit is how long one attempt may take (R-SNK-7), and connectLimit how long connecting to NATS
// may.
const (
	attemptLimit = 15 * time.Second
	connectLimit = 5 * time.Second
)

// A Dialer makes the senders of sinks.
type Dialer struct {
	// Version is that of the program, which the other side is told.
	Version string
	// Attempt is how long one attempt may take; 0 is attemptLimit.
	Attempt time.Duration
}

// Dial makes the sender of a sink. It connects with the first message.
func (d Dialer) Dial(t sinks.Target) (sinks.Sender, error) {
	if d.Attempt == 0 {
		d.Attempt = attemptLimit
	}
	trust, err := trusted(t.CA)
	if err != nil {
		return nil, err
	}
	switch t.Kind {
	case sink.Webhook:
		return d.newWebhook(t, trust), nil
	case sink.NATS:
		return d.newNATS(t, trust)
	case sink.Kafka:
		return d.newKafka(t, trust)
	}
	return nil, fmt.Errorf("this server cannot send to a sink of the kind %s", t.Kind)
}

// trusted is how certificates are verified: by the authorities given, or by those of the machine.
func trusted(authorities string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if authorities == "" {
		return c, nil
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM([]byte(authorities)) {
		return nil, errors.New("ca: has no certificate in PEM")
	}
	return c, nil
}

// dial connects to an address that sinks may have.
var dial = webclient.Dial(outside.CheckAddress)
