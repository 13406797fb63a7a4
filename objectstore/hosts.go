package objectstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// An operator who may create jobs makes the server read a URL of his choice, so hosts beside the
// object stores must be listed (R-ART-3). A listed host must be public: a name in DNS can point
// anywhere, also to the addresses that only this machine reaches. So it is the address of each
// connection that is checked, just before it is opened; a name that is looked up twice with
// different answers gains nothing.

// Hosts is the allow list of documents: host and port in lower case, with the ranges of addresses
// beyond the public ones that it may have.
type Hosts map[string][]netip.Prefix

// ParseHosts reads the allow list as --document-hosts has it: hosts parted by commas, each perhaps
// with a port and a range of addresses, like
//
//	files.example,inner.example:8443=10.0.0.0/8
//
// A host with several ranges stands there several times. The port is 443 unless it is given.
func ParseHosts(text string) (Hosts, error) {
	hosts := Hosts{}
	for item := range strings.SplitSeq(text, ",") {
		place, within, ranged := strings.Cut(item, "=")
		u, err := url.Parse("https://" + place)
		if err != nil || u.Hostname() == "" || u.Host != place || notASCII(place) {
			return nil, fmt.Errorf("%q: must be a host and perhaps a port and a range of "+
				"addresses, like files.example or inner.example:8443=10.0.0.0/8", item)
		}
		key := hostKey(u)
		hosts[key] = append([]netip.Prefix{}, hosts[key]...)
		if !ranged {
			continue
		}
		prefix, err := netip.ParsePrefix(within)
		if err != nil || prefix != prefix.Masked() {
			return nil, fmt.Errorf("%q: %q must be a range of addresses, like 10.0.0.0/8",
				item, within)
		}
		hosts[key] = append(hosts[key], prefix)
	}
	return hosts, nil
}

// notASCII reports whether a text has other characters than ASCII. Such names of hosts have an
// ASCII form (xn--…), which is the one that is connected to.
func notASCII(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 })
}

// hostKey is the host and port of a URL as Hosts has them.
func hostKey(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return strings.ToLower(net.JoinHostPort(u.Hostname(), port))
}

// check refuses a URL that is not https or whose host is not listed.
func (h Hosts) check(u *url.URL) error {
	if u.Scheme != "https" {
		return errors.New("must be an S3 object, or https on a host that this server allows")
	}
	if _, listed := h[hostKey(u)]; !listed {
		return fmt.Errorf("host %s is not one that this server reads documents from "+
			"(--document-hosts)", u.Host)
	}
	return nil
}

// maxRedirects is how many redirects are followed for a document.
const maxRedirects = 5

// client returns a client that connects to listed hosts only, on addresses that they may have.
func (h Hosts) client() *http.Client {
	t := transport()
	t.DialContext = func(ctx context.Context, network, place string) (net.Conn, error) {
		ranges, listed := h[strings.ToLower(place)]
		if !listed {
			return nil, fmt.Errorf("host %s is not listed", place)
		}
		dialer := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
			return checkAddress(address, ranges)
		}}
		return dialer.DialContext(ctx, network, place)
	}
	return &http.Client{
		Transport: t,
		CheckRedirect: func(next *http.Request, before []*http.Request) error {
			if len(before) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			next.Header.Del("Referer") // the link may have a secret in its query
			if err := h.check(next.URL); err != nil {
				return fmt.Errorf("redirected to %s: %w", next.URL.Host, err)
			}
			return nil
		},
	}
}

// transport is what requests of this package are made with: no proxy of the environment, no
// compression, and no connection that stays open.
func transport() *http.Transport {
	return &http.Transport{
		DisableKeepAlives:      true,
		DisableCompression:     true,
		TLSHandshakeTimeout:    requestLimit,
		ResponseHeaderTimeout:  requestLimit,
		MaxResponseHeaderBytes: 64 << 10,
		ExpectContinueTimeout:  time.Second,
	}
}

// checkAddress refuses to connect to an address and port that is neither public nor in one of the
// ranges.
func checkAddress(address string, ranges []netip.Prefix) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap().WithZone("")
	in := func(p netip.Prefix) bool { return p.Contains(ip) }
	if isPublic(ip) || slices.ContainsFunc(ranges, in) {
		return nil
	}
	return fmt.Errorf("the host has the address %s, which is not public; "+
		"--document-hosts HOST=RANGE allows it", ip)
}

// special are the ranges that are not public beside loopback, link-local, private, multicast and
// unspecified ones (the special-purpose registries of IANA).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carriers' own
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), // documentation, also the next two
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), // IPv4 in IPv6, of old
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // IPv4 in IPv6: 6to4
	netip.MustParsePrefix("fec0::/10"),
}

// translated is the range in which networks without IPv4 reach it: the last four bytes are the
// address.
var translated = netip.MustParsePrefix("64:ff9b::/96")

// isPublic reports whether an address is one of the public internet.
func isPublic(ip netip.Addr) bool {
	if translated.Contains(ip) {
		bytes := ip.As16()
		ip = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	in := func(p netip.Prefix) bool { return p.Contains(ip) }
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(special, in)
}
