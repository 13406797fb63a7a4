package app

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/connlimit"
	"github.com/drover-iot/drover/internal/endpoints"
	"github.com/drover-iot/drover/internal/tlsutil"
)

// onFreePorts is a configuration with every listener on loopback.
func onFreePorts(t *testing.T) Config {
	c := Default()
	c.Data = t.TempDir()
	c.HTTP, c.HTTPS, c.MQTT, c.MQTTS = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return c
}

// A listener that is off has no address; the addresses of the others are URLs.
func TestListen(t *testing.T) {
	t.Parallel()
	all := onFreePorts(t)
	for name, row := range map[string]struct {
		change func(*Config)
		want   endpoints.File // the addresses without their ports
	}{
		"all": {func(*Config) {}, endpoints.File{
			HTTP:  "http://127.0.0.1",
			HTTPS: "https://127.0.0.1",
			MQTT:  "mqtt://127.0.0.1",
			MQTTS: "mqtts://127.0.0.1",
		}},
		"with TLS only": {func(c *Config) { c.HTTP, c.MQTT = "", "" }, endpoints.File{
			HTTPS: "https://127.0.0.1",
			MQTTS: "mqtts://127.0.0.1",
		}},
		"plain HTTP only": {
			func(c *Config) { c.HTTPS, c.MQTT, c.MQTTS = "", "", "" },
			endpoints.File{HTTP: "http://127.0.0.1"},
		},
		"none": {
			func(c *Config) { c.HTTP, c.HTTPS, c.MQTT, c.MQTTS = "", "", "", "" },
			endpoints.File{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := all
			row.change(&c)
			opened, err := listen(t.Context(), c, tlsutil.NewCurrent(tls.Certificate{}), unlimited)
			if err != nil {
				t.Fatal(err)
			}
			defer opened.close()
			got := opened.endpoints(false)
			for _, url := range []*string{&got.HTTP, &got.HTTPS, &got.MQTT, &got.MQTTS} {
				*url = (*url)[:max(0, strings.LastIndexByte(*url, ':'))]
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// unlimited has room for all connections of a test.
var unlimited = connlimit.New(connlimit.Share(1000, 0), slog.New(slog.DiscardHandler))

// When one address is in use, the error names its flag and nothing stays open.
func TestListenFails(t *testing.T) {
	t.Parallel()
	used, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer used.Close()
	for flag, change := range map[string]func(c *Config, address string){
		"--http":  func(c *Config, address string) { c.HTTP = address },
		"--https": func(c *Config, address string) { c.HTTPS = address },
		"--mqtt":  func(c *Config, address string) { c.MQTT = address },
		"--mqtts": func(c *Config, address string) { c.MQTTS = address },
	} {
		c := onFreePorts(t)
		change(&c, used.Addr().String())
		l, err := listen(t.Context(), c, tlsutil.NewCurrent(tls.Certificate{}), unlimited)
		if err == nil || !strings.HasPrefix(err.Error(), flag+": ") {
			t.Errorf("%s: got %v", flag, err)
		}
		if l.http != nil {
			if _, err := net.Dial("tcp", l.http.Addr().String()); err == nil {
				t.Errorf("%s: plain HTTP is still open", flag)
			}
		}
	}
}

// The server's certificate is made once, for all names that a client may use (R-HTTP-40). What an
// operator puts in its place is used, and never replaced, even when it is damaged.
func TestServerCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca, err := tlsutil.Load(dir, "ca", "test", tlsutil.NewECKey)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Config: Config{Host: "drover.example.org"}}
	first, err := serverCertificate(dir, ca, s.hosts())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.Certificate)
	for _, host := range []string{"drover.example.org", "localhost", "127.0.0.1", "::1"} {
		_, err := first.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots})
		if err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	again, err := serverCertificate(dir, ca, []string{"another"})
	if err != nil || !again.Leaf.Equal(first.Leaf) {
		t.Errorf("after a restart: another certificate, %v", err)
	}
	path := filepath.Join(dir, "server.pem")
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := serverCertificate(dir, ca, s.hosts()); err == nil {
		t.Error("a damaged certificate was accepted")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "damaged" {
		t.Errorf("the damaged certificate was replaced by %q, %v", text, err)
	}
}

// A host that is among the common ones is there once.
func TestHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string][]string{
		"localhost":   {"localhost", "127.0.0.1", "::1"},
		"127.0.0.1":   {"127.0.0.1", "localhost", "::1"},
		"example.org": {"example.org", "localhost", "127.0.0.1", "::1"},
	} {
		s := &Server{Config: Config{Host: host}}
		if diff := cmp.Diff(want, s.hosts()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", host, diff)
		}
	}
}
