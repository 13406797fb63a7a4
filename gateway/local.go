package gateway

import (
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
)

// What is below /_drover/, but for operations (R-STR-6), is for test benches on the same machine. A program there needs no
// credentials. But a request that arrives from a loopback address is not always from such a
// program: a proxy on the machine passes on what others send, and a browser sends what any page on
// the web asks it to. So a caller without credentials must be local by everything that its request
// says (R-WIRE-31), and a page is refused whatever it has, unless it is one of the console, with a session.

// forwardedHeaders are those that proxies add.
var forwardedHeaders = []string{
	"Forwarded", "Via", "X-Real-Ip", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
}

// AllowLocal checks the caller of HTTP.Server, before the body of the request is read.
// It returns the check of the body. Faults: Forbidden for a page in a browser, unless it has a
// session; Unauthorized for a session that has ended; Invalid for a POST
// that is not JSON; for a caller who is not local and has no good signature those of Begin, and
// Forbidden for one whose role does not allow it.
func (a *OperatorAuth) AllowLocal(r *http.Request) (checkBody func(body []byte) error, err error) {
	session := HasSession(r)
	if fromPage(r) && !session {
		return nil, fault.New(fault.Forbidden, "not for pages in a browser")
	}
	if r.Method == http.MethodPost {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/json" {
			// Browsers ask before they send this type across origins, and are not answered.
			return nil, fault.New(fault.Invalid, "the Content-Type must be application/json")
		}
	}
	if session { // also on this machine: what shows a session is a browser
		err := a.Authorize(r, roleOfServer(r.Method))
		return func([]byte) error { return nil }, err
	}
	s, err := a.Begin(r)
	local := isLocal(r)
	if err != nil && !local {
		return nil, err
	}
	return func(body []byte) error {
		if err == nil {
			err = s.finish(body)
		}
		if err == nil {
			markIdentified(r)
			return s.key.may(r.Method+" "+r.URL.Path, roleOfServer(r.Method))
		}
		if local {
			return nil
		}
		return err
	}, nil
}

// fromPage reports whether a page in a browser makes a request. Browsers send Origin with
// everything that a page posts, and Sec-Fetch-Site, or older ones Referer, with what it reads.
func fromPage(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin": // "none": somebody has typed the address
	default:
		return true
	}
	if r.Header.Get("Origin") != "" {
		return true
	}
	referer := r.Header.Get("Referer")
	if referer == "" {
		return false
	}
	from, err := url.Parse(referer)
	return err != nil || !isLoopbackName(from.Hostname())
}

// isLocal reports whether a program on this machine makes a request: from a loopback address, to a
// loopback name, and not through a proxy. The name matters because a page can have its own one
// resolved to 127.0.0.1.
func isLocal(r *http.Request) bool {
	return !isForwarded(r) && net.ParseIP(addressOf(r)).IsLoopback() && isLoopbackName(hostName(r))
}

// isForwarded reports whether a proxy has passed a request on, as far as the proxy says so.
func isForwarded(r *http.Request) bool {
	for _, name := range forwardedHeaders {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

// hostName is the host that a request was sent to, without a port.
func hostName(r *http.Request) string {
	name, _, err := net.SplitHostPort(r.Host)
	if err != nil { // it has no port
		name = strings.TrimSuffix(strings.TrimPrefix(r.Host, "["), "]")
	}
	return name
}

// isLoopbackName reports whether a host, without a port, is this machine under every resolver:
// localhost, 127.0.0.1 and all others of 127.0.0.0/8, ::1.
func isLoopbackName(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}
