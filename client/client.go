// Package client calls the control plane from Go, by the same operations table that the server answers from:
//
//	c := client.Client{Endpoint: "http://127.0.0.1:8080", Region: "us-east-1", AccessKeyID: id, SecretAccessKey: secret}
//	job, err := client.Call(ctx, c, iot.DescribeJob, &iot.DescribeJobRequest{JobID: "fw-2"})
package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/drover-iot/drover/schema"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// Client says where the server is and who calls. It is a value; copies share the HTTP client.
type Client struct {
	Endpoint                     string // http://host:port
	Region                       string
	AccessKeyID, SecretAccessKey string
	HTTP                         *http.Client // nil means http.DefaultClient
}

// Error is an answer that is an error of the API.
type Error struct {
	Operation, Code, Message string
	Status                   int
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %s", e.Operation, e.Code, e.Message) }

// Call makes one request for an operation of the control plane, once. An error of the API is an *Error.
func Call[In, Out any](ctx context.Context, c Client, op schema.Op[In, Out], in *In) (*Out, error) {
	name := op.Describe().Name
	request, err := c.sign(ctx, op.Describe(), in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	status, header, body, err := c.do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if status != http.StatusOK {
		return nil, refusal(name, status, header, body)
	}
	out := new(Out)
	if err := schema.Decode(body, out, schema.Decoding{Unchecked: true}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// sign writes and signs a request.
func (c Client) sign(ctx context.Context, op *schema.Description, in any) (*http.Request, error) {
	parts, err := op.Request(in)
	if err != nil {
		return nil, err
	}
	address := strings.TrimSuffix(c.Endpoint, "/") + parts.Path
	if parts.RawQuery != "" {
		address += "?" + parts.RawQuery
	}
	request, err := http.NewRequestWithContext(ctx, parts.Method, address, bytes.NewReader(parts.Body))
	if err != nil {
		return nil, err
	}
	request.Header = parts.Header
	if parts.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, c.signBody(request, parts.Body)
}

// signBody signs a request that carries this body.
func (c Client) signBody(request *http.Request, body []byte) error {
	sum := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}
	return v4.NewSigner().SignHTTP(request.Context(), credentials, request, hex.EncodeToString(sum[:]), "iot", c.Region, time.Now())
}

// do sends a request and reads the answer.
func (c Client) do(request *http.Request) (status int, header http.Header, body []byte, err error) {
	caller := c.HTTP
	if caller == nil {
		caller = http.DefaultClient
	}
	answer, err := caller.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return answer.StatusCode, answer.Header, body, err
}

// refusal reads an error of the API: its name stands in a header, its text in the body (R-ERR-2, R-ERR-3).
func refusal(operation string, status int, header http.Header, body []byte) error {
	e := &Error{Operation: operation, Code: header.Get("x-amzn-ErrorType"), Status: status}
	var text struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &text); err != nil {
		text.Message = string(body)
	}
	if e.Message = text.Message; e.Code == "" {
		e.Code = fmt.Sprint(status)
	}
	return e
}
