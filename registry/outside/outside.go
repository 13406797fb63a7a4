// Package outside decides to which addresses of others the server connects by order of an operator:
// those of sinks and hooks (R-SNK-13, R-HOOK-1).
package outside

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
)

// CheckURL reads the URL of a web server: https, or http to this machine. member names it in the
// fault.
func CheckURL(member, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, fault.New(fault.Invalid, "%s: is not the address of a server", member)
	case u.User != nil: // not repeated: it has a password
		return nil, fault.New(fault.Invalid, "%s: must have no user and no password", member)
	case u.Fragment != "":
		return nil, fault.New(fault.Invalid, "%s: must have no fragment", member)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fault.New(fault.Invalid, "%s: must begin with https://", member)
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		return nil, fault.New(fault.Invalid,
			"%s: %s must be https: http is for loopback only", member, text)
	}
	return u, nil
}

// IsLoopback reports whether a host of a URL is this machine.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// CheckAddress refuses to connect to an address that is nobody's, such as the one at which machines
// in a cloud find out their credentials. address is IP:PORT, as it is about to be connected to.
func CheckAddress(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return fault.New(fault.Invalid,
			"the host has the address %s: link-local, multicast and unspecified addresses are refused", ip)
	}
	return nil
}
