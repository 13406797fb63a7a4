package test

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The page of the console is at / of each HTTP listener, without credentials. The same path with a
// signature is the list of buckets, as before (R-WEB-60).
func TestConsolePage(t *testing.T) {
	t.Parallel()
	s := serve(t)
	insecure := &tls.Config{InsecureSkipVerify: true} // of the page alone, which is no secret
	browser := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: insecure}}
	for _, endpoint := range []string{s.HTTP, s.HTTPS} {
		r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+"/", http.NoBody))
		answer := must[*http.Response](t)(browser.Do(r))
		page := string(must[[]byte](t)(io.ReadAll(answer.Body)))
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK || !strings.Contains(page, `<div id="app">`) {
			t.Errorf("%s/: %d %.200s", endpoint, answer.StatusCode, page)
		}
		if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("%s/: the policy is %q", endpoint, policy)
		}
		if buckets, err := s.s3(endpoint).ListBuckets(t.Context(), &s3.ListBucketsInput{}); err != nil || len(buckets.Buckets) != 1 {
			t.Errorf("%s: the buckets are %v, %v", endpoint, buckets, err)
		}
	}
}
