// Package connection is the connection of a call to a server: trust, time-outs, and how a request
// that got no answer is reported. All servers that a call needs are reached through it.
package connection

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/cli/exit"
)

// The connection to a server. The two time-outs are those of the reference: one for the
// connection, one for each piece of an answer, and none for a call as a whole.

// Connection says how a server is connected to.
type Connection struct {
	// CABundle is the path of the only certificates to trust; "" for those of the system.
	CABundle string
	// NoVerify accepts every certificate.
	NoVerify bool
	// ConnectTimeout and ReadTimeout are for a connection and for each piece of an answer; 0 for
	// none.
	ConnectTimeout, ReadTimeout time.Duration
}

// DefaultTimeout is that of a connection, and of each piece of an answer, unless another is given.
const DefaultTimeout = time.Minute

// Client makes an HTTP client, which follows no redirects (R-CMD-115).
func (c Connection) Client() (*http.Client, error) {
	// The default transport brings the proxies of the environment.
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck // it is one
	transport.TLSClientConfig = &tls.Config{
		InsecureSkipVerify: c.NoVerify, //nolint:gosec // on request
	}
	if c.CABundle != "" {
		certificates, err := os.ReadFile(c.CABundle)
		if err != nil {
			return nil, exit.Other("ca-bundle: %v", err)
		}
		trusted := x509.NewCertPool()
		if !trusted.AppendCertsFromPEM(certificates) {
			return nil, exit.Other("ca-bundle: %s holds no certificate", c.CABundle)
		}
		transport.TLSClientConfig.RootCAs = trusted
	}
	dialer := &net.Dialer{Timeout: c.ConnectTimeout}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &timedConn{conn, c.ReadTimeout}, nil
	}
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // the redirect itself is the answer
		},
	}, nil
}

// Seconds reads the value of a time-out: a minute unless given, 0 for none.
func Seconds(text string) time.Duration {
	if text == "" {
		return DefaultTimeout
	}
	n, _ := strconv.Atoi(strings.TrimSpace(text)) // the line was refused when it is no number
	return time.Duration(min(max(n, 0), 1e9)) * time.Second
}

// timedConn is a connection on which each piece of an answer must come within a time.
type timedConn struct {
	net.Conn
	timeout time.Duration // 0 for none
}

// Read waits for bytes as long as the time-out allows, and begins the time anew with each call.
func (c *timedConn) Read(b []byte) (int, error) {
	if c.timeout > 0 {
		if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Read(b)
}
