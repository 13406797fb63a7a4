package objectstore

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

// refused fails the test unless err is a fault whose message has these words and no signature.
func refused(t *testing.T, name string, err error, code fault.Code, says string) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Code != code || !strings.Contains(f.Message, says) ||
		strings.Contains(f.Message, "X-Amz") {
		t.Errorf("%s: %v, want %s with %q", name, err, code, says)
	}
}

// Documents over https come from the hosts that are listed, by redirects too, and within the limits
// (R-DOC-11, R-DOC-13, R-ART-3).
func TestDocumentFromHost(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	host := strings.TrimPrefix(s.URL, "https://")
	_, port, _ := strings.Cut(host, ":")
	largest := `{"a":"` + strings.Repeat("x", job.DefaultRequestLimits.DocumentBytes-8) + `"}`
	s.answers = map[string]func(http.ResponseWriter){
		"/d":        text(`{"do":"it"}`),
		"/there":    redirect(s.URL + "/d"),
		"/relative": redirect("/d"),
		"/away":     redirect("https://localhost:" + port + "/d"),
		"/plain":    redirect("http://" + host + "/d"),
		"/round":    redirect(s.URL + "/round"),
		"/largest":  text(largest),
		"/larger":   text(largest + " "),
		"/bytes":    text("{\"a\":\"\xff\"}"),
		"/refused":  status(http.StatusForbidden),
		"/broken":   status(http.StatusInternalServerError),
		"/empty":    status(http.StatusNoContent),
		"/torn": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("{"))
		},
	}
	c := newClient(t, newRoles(t, "", nil), "", host+"=127.0.0.0/8", s)
	for path, want := range map[string]string{
		"/d": `{"do":"it"}`, "/there": `{"do":"it"}`, "/relative": `{"do":"it"}`, "/largest": largest,
	} {
		if got, err := c.Document(t.Context(), s.URL+path, 32768); err != nil || got != want {
			t.Errorf("%s: %.80s, %v, want %.80s", path, got, err, want)
		}
	}
	for link, says := range map[string]string{
		s.URL + "/missing": "there is nothing",
		s.URL + "/refused": "access is refused",
		s.URL + "/broken":  "status 500",
		s.URL + "/empty":   "status 204",
		s.URL + "/larger":  "more than 32768 bytes",
		s.URL + "/bytes":   "not UTF-8",
		s.URL + "/torn":    "unexpected EOF",
		s.URL + "/away":    "redirected to localhost:" + port + ": host localhost:" + port,
		s.URL + "/plain":   "redirected to " + host + ": must be an S3 object, or https",
		s.URL + "/round":   "more than 5 redirects",

		"https://localhost:" + port + "/d": "is not one that this server reads documents from",
		"http://" + host + "/d":            "must be an S3 object, or https",
		"https://user:pw@" + host + "/d":   "must be a URL without a user",
		"https://[":                        "must be a URL",
		"file:///etc/passwd":               "must be an S3 object, or https",
		"":                                 "must be an S3 object, or https",
	} {
		_, err := c.Document(t.Context(), link, 32768)
		refused(t, link, err, fault.Invalid, says)
		refused(t, link, err, fault.Invalid, "documentSource: ")
	}
}

// A listed host whose name leads to an inner address is not connected to, unless its range is
// listed (R-ART-3). Other hosts get no request at all.
func TestDocumentFromInnerAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	host := strings.TrimPrefix(s.URL, "https://")
	for _, hosts := range []string{host, host + "=10.0.0.0/8"} {
		c := newClient(t, newRoles(t, "", nil), "", hosts, s)
		_, err := c.Document(t.Context(), s.URL+"/d", 32768)
		const says = "the host has the address 127.0.0.1, which is not public"
		refused(t, hosts, err, fault.Invalid, says)
	}
	if len(s.asked) != 0 {
		t.Errorf("it was asked for %q", s.asked)
	}
}

// Objects of the server's own store are read with the default credential, and redirects are not
// followed (R-DOC-11, R-DOC-12).
func TestDocumentFromStore(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	s.answers = map[string]func(http.ResponseWriter){
		"/b/a d": text(`{"do":"it"}`), "/b/there": redirect("/b/a d"), "/b/moved": status(301),
	}
	c := newClient(t, newRoles(t, fixed(firmware, "F"), nil), s.URL, "", nil)
	for _, link := range []string{
		s.URL + "/b/a%20d", "s3://b/a d", "https://s3.amazonaws.com/b/a%20d",
	} {
		if got, err := c.Document(t.Context(), link, 32768); err != nil || got != `{"do":"it"}` {
			t.Errorf("%s: %s, %v", link, got, err)
		}
	}
	want := []string{"GET /b/a d DEFAULT", "GET /b/a d DEFAULT", "GET /b/a d DEFAULT"}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	for link, says := range map[string]string{
		"s3://b/there": "status 302",
		"s3://b/moved": "another region",
		"s3://b/no":    "there is nothing",
	} {
		_, err := c.Document(t.Context(), link, 32768)
		refused(t, link, err, fault.Invalid, says)
	}
	s.Close()
	_, err := c.Document(t.Context(), "s3://b/d", 32768)
	refused(t, "a store that is gone", err, fault.Invalid, "connection refused")
}

// A host that never answers holds a request for five seconds, and no others as long as there are
// places; what waits for a place longer is refused (R-DOC-13). The clock is that of the bubble.
func TestSlowHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, newRoles(t, "", nil), "https://store.example", "", nil)
		c.stores.Transport = never{}
		start := time.Now()
		results := make(chan error, 2*maxRequests)
		for range 2 * maxRequests {
			go func() {
				_, err := c.Document(t.Context(), "s3://b/k", 32768)
				results <- err
			}()
		}
		codes := map[fault.Code]int{}
		for range 2 * maxRequests {
			codes[fault.Of(<-results).Code]++
		}
		sum := codes[fault.Throttled] + codes[fault.Invalid]
		if codes[fault.Invalid] < maxRequests || sum != 2*maxRequests {
			t.Errorf("answers: %v", codes)
		}
		if took := time.Since(start); took != requestLimit {
			t.Errorf("it took %s, want %s", took, requestLimit)
		}
		_, err := c.Document(t.Context(), "s3://b/k", 32768)
		refused(t, "afterwards", err, fault.Invalid, "no whole answer within 5s")
	})
}

// never is a transport that does not answer.
type never struct{}

func (never) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

// A document can be an artifact of the server's own, by each address of its bucket (R-ART-13).
func TestDocumentFromArtifacts(t *testing.T) {
	t.Parallel()
	c := newClient(t, newRoles(t, "", nil), "/artifacts", "", nil)
	for _, link := range []string{
		"s3://artifacts/doc.json", "https://s3.us-east-1.amazonaws.com/artifacts/doc.json",
		"https://artifacts.s3.amazonaws.com/doc.json",
	} {
		if got, err := c.Document(t.Context(), link, 32768); err != nil || got != `{"an":"artifact"}` {
			t.Errorf("%s: %s, %v", link, got, err)
		}
	}
	_, err := c.Document(t.Context(), "s3://artifacts/other.json", 32768)
	refused(t, "another", err, fault.Invalid, "there is no such artifact")
}
