package objectstore

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/presign"
	"github.com/drover-iot/drover/job"
)

// site is a server on loopback with an answer for each path, which notes the requests.
type site struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]func(http.ResponseWriter)
	asked   []string // method, path and the access key that has signed
}

func newSite(t *testing.T, tls bool) *site {
	s := &site{answers: map[string]func(http.ResponseWriter){}}
	if s.Server = httptest.NewServer(s); tls {
		s.Server.Close()
		s.Server = httptest.NewTLSServer(s)
	}
	t.Cleanup(s.Close)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	signer, _, _ := strings.Cut(r.URL.Query().Get("X-Amz-Credential"), "/")
	s.mu.Lock()
	s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+signer))
	answer := s.answers[r.URL.Path]
	s.mu.Unlock()
	if answer == nil {
		http.NotFound(w, r)
		return
	}
	answer(w)
}

// text answers with a text, status with a status, redirect with another address.
func text(body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { _, _ = w.Write([]byte(body)) }
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

func redirect(to string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}
}

// newClient is a client of a server whose own store is store, and which reads documents from hosts.
// It trusts the certificates of site.
func newClient(t *testing.T, roles *Roles, store string, hosts string, trusted *site) *Client {
	t.Helper()
	allowed := Hosts{}
	if hosts != "" {
		var err error
		if allowed, err = ParseHosts(hosts); err != nil {
			t.Fatal(err)
		}
	}
	c := NewClient(roles, presign.New(presign.Config{
		Credential:    roles.Credential,
		Store:         job.ObjectStore(store),
		DefaultRegion: "us-east-1",
		Now:           time.Now,
	}), allowed, openArtifact)
	if trusted != nil {
		pool := x509.NewCertPool()
		pool.AddCert(trusted.Certificate())
		config := trusted.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		config.RootCAs = pool
		c.listed.Transport.(*http.Transport).TLSClientConfig = config
	}
	return c
}

// openArtifact is a store of artifacts with one object, "doc.json".
func openArtifact(_ context.Context, key string) (io.ReadCloser, error) {
	if key != "doc.json" {
		return nil, errors.New("there is no such artifact")
	}
	return io.NopCloser(strings.NewReader(`{"an":"artifact"}`)), nil
}
