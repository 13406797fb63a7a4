package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// connect makes the HTTP client of a call: redirects are not followed, time-outs and trust as asked for (R-CMD-98,
// R-CMD-115).
func (c *call) connect() error {
	transport := http.DefaultTransport.(*http.Transport).Clone()                             //nolint:errcheck // it is one
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: c.line.has("no-verify-ssl")} //nolint:gosec // on request
	if path := first(c.line.text("ca-bundle"), c.env.Getenv("AWS_CA_BUNDLE"), c.settings.profile.get("ca_bundle")); path != "" {
		bundle, err := os.ReadFile(path)
		if err != nil {
			return otherError("ca-bundle: %v", err)
		}
		trusted := x509.NewCertPool()
		if !trusted.AppendCertsFromPEM(bundle) {
			return otherError("ca-bundle: %s holds no certificate", path)
		}
		transport.TLSClientConfig.RootCAs = trusted
	}
	dialer := &net.Dialer{Timeout: c.seconds("cli-connect-timeout")}
	patience := c.seconds("cli-read-timeout")
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &patientConn{conn, patience}, nil
	}
	c.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return nil
}

// seconds is the value of a time-out: 60 unless told, 0 for none.
func (c *call) seconds(option string) time.Duration {
	text := c.line.text(option)
	if text == "" {
		return time.Minute
	}
	n, _ := strconv.Atoi(strings.TrimSpace(text)) // check has made sure that it is a whole number
	return time.Duration(min(max(n, 0), 1e9)) * time.Second
}

// patientConn waits for each piece of an answer only so long.
type patientConn struct {
	net.Conn
	patience time.Duration
}

func (p *patientConn) Read(b []byte) (int, error) {
	if p.patience > 0 {
		if err := p.SetReadDeadline(time.Now().Add(p.patience)); err != nil {
			return 0, err
		}
	}
	return p.Conn.Read(b)
}

// untrusted reports whether a connection failed because its server is not who it should be.
func untrusted(err error) bool {
	var wrong *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &wrong) || errors.As(err, &record)
}

// passing reports whether a failure without an answer may pass by itself (R-CMD-113).
func passing(err error) bool {
	return !untrusted(err) && !errors.Is(err, context.Canceled)
}

// connectionError says how a request failed without an answer (R-CMD-115).
func connectionError(err error, url string) error {
	var timeout net.Error
	var dialing *net.OpError
	late := errors.As(err, &timeout) && timeout.Timeout()
	dial := errors.As(err, &dialing) && dialing.Op == "dial"
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case untrusted(err):
		return otherError("SSL validation failed for %s %v", url, errors.Unwrap(err))
	case late && dial:
		return otherError("Connect timeout on endpoint URL: %q", url)
	case late:
		return otherError("Read timeout on endpoint URL: %q", url)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return otherError("Connection was closed before we received a valid response from endpoint URL: %q.", url)
	}
	return otherError("Could not connect to the endpoint URL: %q", url)
}
