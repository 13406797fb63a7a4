package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
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
	return r, nil
}

// plainText is a value in a path, query or header.
func plainText(v value) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(appendJSON(nil, v, "", ""))
}

// send makes a request, with the attempts of standard mode, and returns the body of the answer (R-CMD-112 to R-CMD-114).
func (c *call) send(in *object) ([]byte, error) {
	r, err := c.build(in)
	if err != nil {
		return nil, err
	}
	caller, err := c.caller()
	if err != nil {
		return nil, err
	}
	attempts := 3
	if text := first(c.env.Getenv("AWS_MAX_ATTEMPTS"), c.settings.profile.get("max_attempts")); text != "" {
		if attempts, err = strconv.Atoi(text); err != nil || attempts < 1 {
			return nil, environmentError("AWS_MAX_ATTEMPTS or max_attempts: %q is not a number of attempts", text)
		}
	}
	for n := 1; ; n++ {
		body, again, err := c.attempt(caller, r, n)
		if err == nil || !again {
			return body, err
		}
		if n == attempts {
			var failed *serviceError
			if errors.As(err, &failed) && attempts > 1 {
				failed.retries = attempts - 1
			}
			return nil, err
		}
		select {
		case <-time.After(time.Duration(rand.Float64() * float64(min(1<<(n-1), 20)) * float64(time.Second))):
		case <-c.ctx.Done():
			return nil, c.ctx.Err()
		}
	}
}

func (c *call) attempt(caller *http.Client, r request, n int) (body []byte, again bool, err error) {
	signed, err := http.NewRequestWithContext(c.ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return nil, false, otherError("%v", err)
	}
	signed.Header = r.header.Clone()
	signed.Header.Set("User-Agent", "drover/"+c.env.Version)
	signed.Header.Set("amz-sdk-request", fmt.Sprintf("attempt=%d", n))
	if !c.line.has("no-sign-request") {
		sum := sha256.Sum256(r.body)
		k := c.settings.credentials
		credentials := aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.token}
		if err := v4.NewSigner().SignHTTP(c.ctx, credentials, signed, hex.EncodeToString(sum[:]), c.service.Signing, c.settings.region, time.Now()); err != nil {
			return nil, false, err
		}
	}
	answer, err := caller.Do(signed)
	if err != nil {
		return nil, true, connectionError(err, r.url)
	}
	defer answer.Body.Close()
	if body, err = io.ReadAll(answer.Body); err != nil {
		return nil, true, otherError("Connection was closed before we received a valid response from endpoint URL: %q.", r.url)
	}
	if answer.StatusCode/100 == 2 {
		return body, false, nil
	}
	failed := readServiceError(c.op.Name, answer, body)
	return nil, failed.passing(), failed
}

// connectionError says how a request failed before an answer came (R-CMD-115).
func connectionError(err error, url string) error {
	var timeout net.Error
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &unknown), errors.As(err, &host):
		return otherError("SSL validation failed for %s %v", url, errors.Unwrap(err))
	case errors.As(err, &timeout) && timeout.Timeout():
		return otherError("Read timeout on endpoint URL: %q", url)
	case errors.Is(err, io.EOF):
		return otherError("Connection was closed before we received a valid response from endpoint URL: %q.", url)
	}
	return otherError("Could not connect to the endpoint URL: %q", url)
}

// caller is the HTTP client: redirects are not followed, time-outs and trust as asked for.
func (c *call) caller() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: c.line.has("no-verify-ssl")}
	if path := first(c.line.text("ca-bundle"), c.env.Getenv("AWS_CA_BUNDLE"), c.settings.profile.get("ca_bundle")); path != "" {
		bundle, err := os.ReadFile(path)
		if err != nil {
			return nil, otherError("ca-bundle: %v", err)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(bundle)
	}
	for _, t := range []struct {
		option string
		set    func(time.Duration)
	}{
		{"cli-read-timeout", func(d time.Duration) { transport.ResponseHeaderTimeout = d }},
		{"cli-connect-timeout", func(d time.Duration) { transport.DialContext = (&net.Dialer{Timeout: d}).DialContext }},
	} {
		seconds := 60
		if text := c.line.text(t.option); text != "" {
			var err error
			if seconds, err = strconv.Atoi(text); err != nil || seconds < 0 {
				return nil, usageError("argument --%s: invalid int value: '%s'", t.option, text)
			}
		}
		t.set(time.Duration(seconds) * time.Second)
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// serviceError is an error that the service answered with (R-CMD-116, R-CMD-117).
type serviceError struct {
	code, message, operation string
	status, retries          int
}

func (e *serviceError) Error() string {
	retried := ""
	if e.retries > 0 {
		retried = fmt.Sprintf(" (reached max retries: %d)", e.retries)
	}
	return fmt.Sprintf("\nAn error occurred (%s) when calling the %s operation%s: %s", e.code, e.operation, retried, e.message)
}

func readServiceError(operation string, answer *http.Response, body []byte) *serviceError {
	e := &serviceError{operation: operation, status: answer.StatusCode, message: string(body)}
	var text struct {
		Code, Type, Message string
	}
	if v, err := parseJSON(string(body)); err == nil {
		if o, ok := v.(*object); ok {
			pick := func(names ...string) string {
				for _, name := range names {
					if v, ok := o.get(name); ok {
						if s, ok := v.(string); ok {
							return s
						}
					}
				}
				return ""
			}
			text.Code, text.Type, e.message = pick("code"), pick("__type"), pick("message", "Message")
		}
	}
	code, _, _ := strings.Cut(first(answer.Header.Get("x-amzn-ErrorType"), text.Code, text.Type), ":")
	e.code = first(code[strings.LastIndex(code, "#")+1:], strconv.Itoa(answer.StatusCode))
	return e
}

// passing lists what is tried again, whatever the method (R-CMD-113).
func (e *serviceError) passing() bool {
	return slices.Contains([]int{500, 502, 503, 504}, e.status) || slices.Contains([]string{
		"RequestTimeout", "RequestTimeoutException", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
		"RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown",
		"PriorRequestNotComplete", "TransactionInProgressException", "LimitExceededException",
	}, e.code)
}
