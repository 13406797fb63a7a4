package attack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/drover-iot/drover/test/testserver"
)

// A request is one HTTP request that is signed as stock clients do and may be spoiled afterwards.
// The zero value of a field is what a good request has.
type request struct {
	method, path, body string
	service, region    string
	key, secret        string
	at                 time.Time
	header             http.Header // signed too
	hash               string      // of the body, as the signature has it
	unsigned           bool
	spoil              func(*http.Request) // after signing
}

// signed makes the request for a server.
func (r request) signed(s *testserver.Server) *http.Request {
	s.T.Helper()
	out := must[*http.Request](s.T)(http.NewRequestWithContext(
		s.T.Context(), r.method, s.HTTP+r.path, strings.NewReader(r.body)))
	out.Header = http.Header{"Content-Type": {"application/json"}}
	for name, values := range r.header {
		out.Header[name] = values
	}
	if !r.unsigned {
		r.sign(s, out)
	}
	if r.spoil != nil {
		r.spoil(out)
	}
	return out
}

func (r request) sign(s *testserver.Server, out *http.Request) {
	s.T.Helper()
	or := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return value
	}
	if r.at.IsZero() {
		r.at = time.Now()
	}
	sum := sha256.Sum256([]byte(r.body))
	key := aws.Credentials{
		AccessKeyID:     or(r.key, s.AccessKeyID),
		SecretAccessKey: or(r.secret, s.SecretAccessKey),
	}
	err := v4.NewSigner().SignHTTP(context.Background(), key, out,
		or(r.hash, hex.EncodeToString(sum[:])), or(r.service, "iot"), or(r.region, s.Region), r.at)
	if err != nil {
		s.T.Fatal(err)
	}
}

// An answer is what came back; its status is 0 when the server closed the connection instead.
type answer struct {
	status int
	body   string
	header http.Header
}

// send sends a request on a connection of its own.
func send(t testing.TB, s *testserver.Server, r request) answer {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	out, err := client.Do(r.signed(s))
	if err != nil {
		return answer{}
	}
	defer out.Body.Close()
	return answer{out.StatusCode, string(must[[]byte](t)(io.ReadAll(out.Body))), out.Header}
}

// rendered is a request as it goes over the wire, to be changed in ways that a library would not.
func rendered(t testing.TB, s *testserver.Server, r request) string {
	t.Helper()
	var text bytes.Buffer
	if err := r.signed(s).Write(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// sendRaw sends text to an HTTP listener and reads one answer.
func sendRaw(t testing.TB, address string, config *tls.Config, text string) answer {
	t.Helper()
	nc, err := tryDial(address, config)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(nc, text); err != nil {
		return answer{}
	}
	out, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		return answer{}
	}
	defer out.Body.Close()
	body, _ := io.ReadAll(out.Body) // it may be cut off
	return answer{out.StatusCode, string(body), out.Header}
}

// hostOf is the host and port of a listener.
func hostOf(t testing.TB, address string) string {
	t.Helper()
	return must[*url.URL](t)(url.Parse(address)).Host
}
