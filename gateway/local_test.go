package gateway_test

import (
	"net/http"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
)

// Without credentials test benches are served on loopback only: from a loopback address, to a
// loopback name, not through a proxy. Pages in a browser are served nowhere.
func TestAllowLocal(t *testing.T) { // R-WIRE-31
	t.Parallel()
	s := newServer(t)
	wrong := s.signedBy()
	wrong.secret = "wrong"
	const here, there = "127.0.0.1:5000", "192.0.2.1:5000"
	with := func(name, value string) http.Header { return http.Header{name: {value}} }
	for _, row := range []struct {
		name, remote, host string // an empty host is the address of the server
		who                credentials
		header             http.Header
		want               fault.Code
	}{
		{name: "this machine", remote: here},
		{name: "all of 127", remote: "127.9.9.9:5000"},
		{name: "this machine by IPv6", remote: "[::1]:5000"},
		{name: "this machine, a wrong signature", remote: here, who: wrong},
		{name: "by name", remote: here, host: "localhost:8080"},
		{name: "by name in capitals", remote: here, host: "LOCALHOST"},
		{name: "by IPv6", remote: here, host: "[::1]:8080"},
		{name: "by IPv6 without a port", remote: here, host: "[::1]"},
		{name: "by another loopback address", remote: here, host: "127.1.2.3"},

		{name: "elsewhere", remote: there, want: fault.NoCredentials},
		{name: "elsewhere, signed", remote: there, who: s.signedBy()},
		{name: "elsewhere, a wrong signature", remote: there, who: wrong, want: fault.BadSignature},
		{name: "an address without a port", remote: "127.0.0.1", want: fault.NoCredentials},
		{name: "no address", remote: "@", want: fault.NoCredentials},

		{name: "a foreign name", remote: here, host: "evil.example:8080", want: fault.NoCredentials},
		{
			name: "a name that begins well", remote: here, host: "localhost.evil.example",
			want: fault.NoCredentials,
		},
		{name: "a foreign name, signed", remote: here, host: "drover.example", who: s.signedBy()},
		{
			name: "through a proxy", remote: here, header: with("X-Forwarded-For", "192.0.2.1"),
			want: fault.NoCredentials,
		},
		{
			name: "through another", remote: here, header: with("Forwarded", "for=192.0.2.1"),
			want: fault.NoCredentials,
		},
		{name: "through a third", remote: here, header: with("Via", "1.1 x"), want: fault.NoCredentials},
		{
			name: "through a fourth", remote: here, header: with("X-Real-Ip", "192.0.2.1"),
			want: fault.NoCredentials,
		},
		{
			name: "through a proxy, signed", remote: here, who: s.signedBy(),
			header: with("X-Forwarded-For", "192.0.2.1"),
		},

		{
			name: "a page", remote: here, header: with("Origin", "http://127.0.0.1:8080"),
			want: fault.Forbidden,
		},
		{
			name: "a page of no origin", remote: here, header: with("Origin", "null"),
			want: fault.Forbidden,
		},
		{
			name: "a page, signed", remote: there, who: s.signedBy(),
			header: with("Origin", "https://example.org"), want: fault.Forbidden,
		},
		{
			name: "a page that only reads", remote: here,
			header: with("Sec-Fetch-Site", "cross-site"), want: fault.Forbidden,
		},
		{
			name: "a page of a neighbour", remote: here,
			header: with("Sec-Fetch-Site", "same-site"), want: fault.Forbidden,
		},
		{name: "somebody types it", remote: here, header: with("Sec-Fetch-Site", "none")},
		{name: "a page of its own", remote: here, header: with("Sec-Fetch-Site", "same-origin")},
		{
			name: "a link on a page", remote: here, header: with("Referer", "https://evil.example/"),
			want: fault.Forbidden,
		},
		{name: "a link at home", remote: here, header: with("Referer", "http://localhost:8080/")},

		{name: "no type", remote: here, header: with("Content-Type", ""), want: fault.Invalid},
		{
			name: "a form", remote: here,
			header: with("Content-Type", "application/x-www-form-urlencoded"), want: fault.Invalid,
		},
		{name: "plain text", remote: here, header: with("Content-Type", "text/plain"), want: fault.Invalid},
		{
			name: "JSON with parameters", remote: here,
			header: with("Content-Type", "application/json; charset=utf-8"),
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			const path, body = "/_drover/clock", "{}"
			host := row.host
			if host == "" {
				host = s.http
			}
			header := http.Header{"Content-Type": {"application/json"}}
			for name, values := range row.header {
				header[name] = values
			}
			r := s.request(t, "http://"+s.http, row.who, call{
				method:  "POST",
				path:    path,
				service: "iot",
				host:    host,
				body:    body,
				header:  header,
			})
			r.RequestURI, r.Host, r.RemoteAddr = path, host, row.remote
			check, err := s.handler.Operators.AllowLocal(r)
			if err == nil {
				err = check([]byte(body))
			}
			if row.want == "" && err != nil || row.want != "" && !fault.Is(err, row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}
