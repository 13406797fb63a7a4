package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/drover-iot/drover/schema"
)

// A Request is what is sent to a server. It is written once; each attempt signs it anew, because a
// signature holds the time.
type Request struct {
	Signing     string // the service's name in the scope of the signature
	Method, URL string
	Header      http.Header // what every attempt carries
	Body        []byte      // nil for none
}

// NewRequest puts the parts of an operation's request behind an endpoint.
func NewRequest(endpoint string, service *schema.Service, parts schema.Request) Request {
	r := Request{
		Signing: service.Signing,
		Method:  parts.Method,
		URL:     strings.TrimSuffix(endpoint, "/") + parts.Path,
		Header:  parts.Header,
		Body:    parts.Body,
	}
	if parts.RawQuery != "" {
		r.URL += "?" + parts.RawQuery
	}
	if r.Body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// Sign returns the request of an attempt, the first being 1, signed with Signature Version 4
// (R-CMD-67, R-CMD-103). Without an access key it is not signed.
func (t *Transport) Sign(ctx context.Context, r Request, attempt int) (*http.Request, error) {
	out, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	out.Header = r.Header.Clone()
	out.Header.Set("Amz-Sdk-Request", fmt.Sprintf("attempt=%d", attempt))
	if k := t.Credentials; k.AccessKeyID != "" {
		keys := aws.Credentials{
			AccessKeyID:     k.AccessKeyID,
			SecretAccessKey: k.SecretAccessKey,
			SessionToken:    k.SessionToken,
		}
		sum := sha256.Sum256(r.Body)
		hash := hex.EncodeToString(sum[:])
		err := v4.NewSigner().SignHTTP(ctx, keys, out, hash, r.Signing, t.Region, time.Now())
		if err != nil {
			return nil, fmt.Errorf("sign the request: %w", err)
		}
	}
	// What follows is not signed: a proxy on the way may change it.
	if t.UserAgent != "" {
		out.Header.Set("User-Agent", t.UserAgent)
	}
	out.Header.Set("Accept-Encoding", "identity")
	return out, nil
}
