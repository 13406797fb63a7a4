package client

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
)

// maxAnswer is the largest body that is read, 64 MiB. The largest answers are pages of a list, at
// most some hundred KiB.
const maxAnswer = 64 << 20

// ErrAnswerTooLarge is the error for an answer whose body is larger than 64 MiB.
var ErrAnswerTooLarge = errors.New("the answer has more than 64 MiB")

// A Transport signs requests and sends them, one attempt at a time: the lower half of a Client. The
// command line uses it with rules of its own for what is repeated.
type Transport struct {
	Credentials Credentials
	Region      string
	HTTP        *http.Client // nil means http.DefaultClient
	UserAgent   string       // "" means that of Go
}

// An Answer is an HTTP response that has been read as a whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// OK reports whether the request succeeded.
func (a Answer) OK() bool { return a.Status/100 == 2 }

// Send sends a signed request and reads the answer, whatever its status is. The error says that
// none arrived, or not all of it.
func (t *Transport) Send(signed *http.Request) (Answer, error) {
	response, err := t.caller().Do(signed)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	return read(response)
}

// Open sends a signed request whose answer is a stream, and returns that stream, which the caller
// closes. The error is an *Error when the server refuses.
func (t *Transport) Open(signed *http.Request) (io.ReadCloser, error) {
	response, err := t.caller().Do(signed)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 == 2 {
		return response.Body, nil
	}
	defer response.Body.Close()
	refused, err := read(response)
	if err != nil {
		return nil, err
	}
	return nil, ReadError(refused)
}

func (t *Transport) caller() *http.Client {
	if t.HTTP == nil {
		return http.DefaultClient
	}
	return t.HTTP
}

// read reads an answer as a whole.
func read(response *http.Response) (a Answer, err error) {
	a = Answer{Status: response.StatusCode, Header: response.Header}
	a.Body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil && len(a.Body) > maxAnswer {
		return Answer{}, ErrAnswerTooLarge
	}
	return a, err
}

// Untrusted reports whether no request was made because the server is not who it should be: its
// certificate is not trusted, or it does not speak TLS.
func Untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &certificate) || errors.As(err, &record) ||
		errors.Is(err, http.ErrSchemeMismatch) // it answered in plain HTTP
}
