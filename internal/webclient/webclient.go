// Package webclient makes clients for web servers of others: with limits, without redirects, and
// without the proxies of the environment.
package webclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// connectLimit is how long connecting may take, and then TLS.
const connectLimit = 5 * time.Second

// Options are how a client connects.
type Options struct {
	// CheckAddress refuses IP:PORT before it is connected to.
	CheckAddress func(address string) error
	// TLS says which certificates are trusted.
	TLS *tls.Config
	// Limit is how long one request may take, until its answer has been read.
	Limit time.Duration
}

// New makes a client. It follows no redirect and reads at most 64 KiB of headers.
func New(o Options) *http.Client {
	return &http.Client{
		Timeout: o.Limit,
		Transport: &http.Transport{
			DialContext:            Dial(o.CheckAddress),
			TLSClientConfig:        o.TLS,
			TLSHandshakeTimeout:    connectLimit,
			MaxIdleConnsPerHost:    16,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Dial returns the function that connects. The address is looked at when it is known which one a name
// stands for.
func Dial(check func(address string) error) func(context.Context, string, string) (net.Conn, error) {
	dialer := &net.Dialer{
		Timeout: connectLimit,
		Control: func(_, address string, _ syscall.RawConn) error { return check(address) },
	}
	return dialer.DialContext
}

// WithoutURL is an error of a request without the URL that it was about: its query may be a secret.
func WithoutURL(err error) error {
	var about *url.Error
	if errors.As(err, &about) {
		return about.Err
	}
	return err
}
