package objectstore

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What --document-hosts may be (R-ART-3).
func TestParseHosts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]string{ // nil is refused
		"files.example":                   {"files.example:443": ""},
		"Files.Example:8443":              {"files.example:8443": ""},
		"a.example,b.example":             {"a.example:443": "", "b.example:443": ""},
		"a.example=10.0.0.0/8":            {"a.example:443": "10.0.0.0/8"},
		"a:8443=10.0.0.0/8,a:8443=fd::/8": nil, // not a whole range
		"a:1=10.0.0.0/8,a:1=fd00::/8":     {"a:1": "10.0.0.0/8 fd00::/8"},
		"127.0.0.1:8443=127.0.0.0/8":      {"127.0.0.1:8443": "127.0.0.0/8"},
		"[::1]:8443=::1/128":              {"[::1]:8443": "::1/128"},
		"":                                nil,
		"a.example,":                      nil,
		"https://a.example":               nil,
		"a.example/path":                  nil,
		"user@a.example":                  nil,
		"a.example:port":                  nil,
		"ä.example":                       nil,
		"a.example=":                      nil,
		"a.example=10.0.0.1":              nil,
		"a.example=10.0.0.1/8":            nil,
		"a.example=private":               nil,
	} {
		hosts, err := ParseHosts(text)
		if (err == nil) != (want != nil) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got := map[string]string{}
		for host, ranges := range hosts {
			var texts []string
			for _, p := range ranges {
				texts = append(texts, p.String())
			}
			got[host] = strings.Join(texts, " ")
		}
		if diff := cmp.Diff(want, got); want != nil && diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// Which links a server with one host follows.
func TestHostsCheck(t *testing.T) {
	t.Parallel()
	hosts, err := ParseHosts("files.example,other.example:8443")
	if err != nil {
		t.Fatal(err)
	}
	for link, want := range map[string]bool{
		"https://files.example/a?b=c":     true,
		"https://FILES.example:443/a":     true,
		"https://other.example:8443/a":    true,
		"https://files.example:8443/a":    false,
		"https://other.example/a":         false,
		"http://files.example/a":          false,
		"https://files.example.evil.org/": false,
		"https://files.example./a":        false,
		"https://a.files.example/a":       false,
		"file:///etc/passwd":              false,
		"files.example/a":                 false,
		"":                                false,
	} {
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		if err := hosts.check(u); (err == nil) != want {
			t.Errorf("%s: %v", link, err)
		}
	}
}

// Which addresses a listed host may have: public ones, and those in its range, in whatever form
// they are written (R-ART-3).
func TestCheckAddress(t *testing.T) {
	t.Parallel()
	inner := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct {
		ip      string
		public  bool
		inRange bool // of inner
	}{
		{"93.184.216.34", true, true},
		{"2606:2800:220:1::1", true, true},
		{"::ffff:93.184.216.34", true, true},
		{"64:ff9b::5db8:d822", true, true}, // 93.184.216.34 in IPv6
		{"10.1.2.3", false, true},
		{"::ffff:10.1.2.3", false, true},
		{"fd12::1", false, true},
		{"127.0.0.1", false, false},
		{"127.9.9.9", false, false},
		{"0.0.0.0", false, false},
		{"0.1.2.3", false, false},
		{"::1", false, false},
		{"::", false, false},
		{"::ffff:127.0.0.1", false, false},
		{"::127.0.0.1", false, false},
		{"64:ff9b::7f00:1", false, false},
		{"64:ff9b::a9fe:a9fe", false, false}, // 169.254.169.254 in IPv6
		{"64:ff9b:1::1", false, false},
		{"2002:7f00:1::", false, false},
		{"169.254.169.254", false, false},
		{"fe80::1", false, false},
		{"fe80::1%eth0", false, false},
		{"172.16.0.1", false, false},
		{"172.31.255.255", false, false},
		{"172.32.0.1", true, true},
		{"192.168.0.1", false, false},
		{"100.64.0.1", false, false},
		{"192.0.0.1", false, false},
		{"198.18.0.1", false, false},
		{"224.0.0.1", false, false},
		{"239.1.2.3", false, false},
		{"ff02::1", false, false},
		{"255.255.255.255", false, false},
		{"240.0.0.1", false, false},
		{"fec0::1", false, false},
		{"2001:db8::1", false, false},
	} {
		address := "[" + tt.ip + "]:443"
		if !strings.Contains(tt.ip, ":") {
			address = tt.ip + ":443"
		}
		if err := checkAddress(address, nil); (err == nil) != tt.public {
			t.Errorf("%s: %v, want public %t", address, err, tt.public)
		}
		if err := checkAddress(address, inner); (err == nil) != tt.inRange {
			t.Errorf("%s within %v: %v, want %t", address, inner, err, tt.inRange)
		}
	}
	if checkAddress("files.example:443", inner) == nil {
		t.Error("a name is no address")
	}
}
