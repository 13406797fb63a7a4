package cli

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/drover-iot/drover/schema"
)

// request is what is sent, again for each attempt.
type request struct {
	method, url string
	header      http.Header
	body        []byte
}

// build writes the parameters as a request (R-CMD-63 to R-CMD-66).
func (c *call) build(in *object) (request, error) {
	parts, err := c.op.Address(func(m *schema.Member) (string, bool) {
		v, given := in.get(m.Name)
		return plainText(v), given
	})
	if err != nil {
		return request{}, &exitError{status: statusUsage, message: err.Error()}
	}
	url := strings.TrimSuffix(c.settings.endpoint, "/") + parts.Path
	if parts.RawQuery != "" {
		url += "?" + parts.RawQuery
	}
	r := request{method: parts.Method, url: url, header: parts.Header}
	if c.op.HasBody {
		body := &object{}
		for _, f := range in.fields {
			if m := c.op.Input.Member(f.key); m != nil && m.In == schema.Body {
				body.fields = append(body.fields, f)
			}
		}
		r.body = appendJSON(nil, body, "", "")
		r.header.Set("Content-Type", "application/json")
	}
	r.header.Set("Amz-Sdk-Invocation-Id", uuid())
	return r, nil
}

// plainText is a value in a path, query or header.
func plainText(v value) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(appendJSON(nil, v, "", ""))
}

// uuid is a random one, of version 4.
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// attempt makes a request for the nth time; again says that it may be made once more.
func (c *call) attempt(r request, n int) (body []byte, again bool, err error) {
	signed, err := c.signed(r, n)
	if err != nil {
		return nil, false, err
	}
	began := time.Now()
	answer, err := c.client.Do(signed)
	if err != nil {
		c.debug("%s %s, attempt %d: %v", r.method, r.url, n, err)
		return nil, passing(err), connectionError(err, r.url)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	c.debug("%s %s, attempt %d: status %d, %d bytes, %v", r.method, r.url, n, answer.StatusCode, len(body), time.Since(began))
	if err != nil {
		return nil, passing(err), connectionError(err, r.url)
	}
	if answer.StatusCode/100 == 2 {
		return body, false, nil
	}
	failed := readServiceError(c.op.Name, answer, body)
	return nil, failed.passing(), failed
}

// signed is a request ready to go out (R-CMD-67, R-CMD-103).
func (c *call) signed(r request, n int) (*http.Request, error) {
	out, err := http.NewRequestWithContext(c.ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return nil, otherError("%v", err)
	}
	out.Header = r.header.Clone()
	out.Header.Set("Amz-Sdk-Request", fmt.Sprintf("attempt=%d", n))
	if !c.line.has("no-sign-request") {
		sum := sha256.Sum256(r.body)
		k := c.settings.credentials
		keys := aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.token}
		if err := v4.NewSigner().SignHTTP(c.ctx, keys, out, hex.EncodeToString(sum[:]), c.service.Signing, c.settings.region, time.Now()); err != nil {
			return nil, otherError("sign the request: %v", err)
		}
	}
	out.Header.Set("User-Agent", "drover/"+c.env.Version) // not signed: a proxy may change these
	out.Header.Set("Accept-Encoding", "identity")
	return out, nil
}

// debug says on standard error what goes on, with --debug; never a header, never a body.
func (c *call) debug(format string, args ...any) {
	if c.line.has("debug") {
		fmt.Fprintf(c.env.Stderr, "debug: "+format+"\n", args...)
	}
}
