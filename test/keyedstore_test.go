package test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// keyedStore is an object store on loopback that knows several keys, where objectstore runs a real
// one that has one key. It serves requests by URLs whose signature is right and still valid by the
// real time. A GET of an object that was not put there answers with what the object is called.
// There is no bucket "missing", and no version "missing" of any object.
type keyedStore struct {
	*httptest.Server
	mu      sync.Mutex
	keys    map[string]aws.Credentials // by access key id
	objects map[string]string          // by path
}

// newKeyedStore opens an object store that knows a credential.
func newKeyedStore(t *testing.T, known ...aws.Credentials) *keyedStore {
	o := &keyedStore{keys: map[string]aws.Credentials{}, objects: map[string]string{}}
	for _, c := range known {
		o.keys[c.AccessKeyID] = c
	}
	o.Server = httptest.NewServer(o)
	t.Cleanup(o.Close)
	return o
}

func (o *keyedStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if problem := o.refuse(r); problem != "" {
		http.Error(w, problem, http.StatusForbidden)
		return
	}
	version := r.URL.Query().Get("versionId")
	if version == "missing" || strings.HasPrefix(r.URL.Path, "/missing") {
		http.NotFound(w, r)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.Method == "PUT" {
		body, _ := io.ReadAll(r.Body)
		o.objects[r.URL.Path] = string(body)
		return
	}
	if text, ok := o.objects[r.URL.Path]; ok {
		fmt.Fprint(w, text)
		return
	}
	fmt.Fprint(w, r.URL.Path+" "+version)
}

// refuse says what is wrong with a request; "" for nothing. The signature is made once more by the
// SDK's signer, of what was received.
func (o *keyedStore) refuse(r *http.Request) string {
	query := r.URL.Query()
	scope := strings.Split(query.Get("X-Amz-Credential"), "/")
	made, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	seconds, err2 := strconv.Atoi(query.Get("X-Amz-Expires"))
	if len(scope) != 5 || err != nil || err2 != nil {
		return "not presigned"
	}
	if age := time.Since(made); age < -time.Minute || age > time.Duration(seconds)*time.Second {
		return "made at another time"
	}
	o.mu.Lock()
	known, ok := o.keys[scope[0]]
	o.mu.Unlock()
	if !ok {
		return "unknown key"
	}
	sent := query.Get("X-Amz-Signature")
	query.Del("X-Amz-Signature")
	path, _, _ := strings.Cut(r.RequestURI, "?")
	again := &http.Request{Method: r.Method, Host: r.Host, Header: http.Header{},
		URL: &url.URL{Scheme: "http", Host: r.Host, Opaque: "//" + r.Host + path, RawQuery: query.Encode()}}
	signed, _, err := v4.NewSigner(func(so *v4.SignerOptions) { so.DisableURIPathEscaping = true }).PresignHTTP(
		context.Background(), known, again, "UNSIGNED-PAYLOAD", scope[3], scope[2], made)
	if err != nil || !strings.HasSuffix(signed, "&X-Amz-Signature="+sent) {
		return "wrong signature"
	}
	return ""
}

// fetch gets a URL of a keyedStore as a device does, and returns the answer.
func fetch(t *testing.T, address string) string {
	t.Helper()
	answer := must[*http.Response](t)(http.Get(address))
	defer answer.Body.Close()
	return strings.TrimSpace(string(must[[]byte](t)(io.ReadAll(answer.Body))))
}
