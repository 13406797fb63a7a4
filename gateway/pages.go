package gateway

import (
	"net"
	"net/http"

	"github.com/drover-iot/drover/internal/fault"
)

// A browser sends the cookie of a session with whatever asks for it, so what carries one is looked
// at twice. A page of another site, or of another port of this host, which counts as the same site,
// must not call the server through the browser of somebody who has signed in (R-WEB-13). And on the
// plain listener nobody but a program on this machine may have or show a session, to a name that
// means this machine under every resolver: a page can have its own name resolved to 127.0.0.1, and
// what is sent further over plain HTTP is read on the way (R-WEB-14).

// crossOrigin refuses writes of pages of other origins. It allows GET, HEAD and OPTIONS.
var crossOrigin = http.NewCrossOriginProtection()

// checkPage checks that a request which shows a session, or asks for one, comes from a page of this
// server. The fault is Forbidden.
func (a *OperatorAuth) checkPage(r *http.Request) error {
	if crossOrigin.Check(r) != nil {
		return fault.New(fault.Forbidden, "not for pages of other origins")
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin": // "none": somebody has typed the address
	default:
		return fault.New(fault.Forbidden, "not for pages of other origins")
	}
	if r.TLS != nil {
		return nil
	}
	if !a.OpenPlain && !isLoopbackName(hostName(r)) {
		return fault.New(fault.Forbidden, "over plain HTTP the console is at a loopback name, such as "+
			"http://localhost; at another name use the HTTPS listener")
	}
	if isForwarded(r) || !net.ParseIP(addressOf(r)).IsLoopback() {
		return fault.New(fault.Forbidden, "sign in over HTTPS: plain HTTP beyond this machine would "+
			"show the key and the session to everybody on the way")
	}
	return nil
}
