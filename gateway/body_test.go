package gateway_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/registry"
)

// Who cannot be the one that it says it is, is answered before its body is there, and its
// connection ends.
func TestRefusedBeforeTheBody(t *testing.T) { // R-WIRE-29
	t.Parallel()
	s := newServer(t)
	stranger, revoked := newCertificate(t, valid), newCertificate(t, valid)
	s.register(revoked, registry.CertificateRevoked, "")
	old, wrong, nobody := s.signedBy(), s.signedBy(), s.signedBy()
	old.age, wrong.secret, nobody.key = time.Hour, "wrong", "AKIANOBODY"
	declared := http.Header{"X-Amz-Content-Sha256": {
		"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", // of {}
	}}
	for _, row := range []struct {
		name string
		who  credentials
		call call
		want string
	}{
		{"not signed", credentials{}, call{path: "/jobs/a"}, unsigned},
		{"a key that does not exist", nobody, call{path: "/jobs/a", service: "iot"}, unknown},
		{"signed an hour ago", old, call{path: "/jobs/a", service: "iot"}, tooOld},
		{"another region", s.signedBy(), call{path: "/jobs/a", service: "iot", region: "x"}, bad},
		{"another service", s.signedBy(), call{path: "/jobs/a", service: "sqs"}, bad},
		{"no store of artifacts", s.signedBy(), call{path: "/jobs/a", service: "s3"}, "501"},
		{
			"a wrong secret, with the hash of the body", wrong,
			call{path: "/jobs/a", service: "iot", body: "{}", header: declared}, bad,
		},
		{
			"a header that is not signed", s.signedBy(),
			call{path: "/jobs/a", service: "iot", added: http.Header{"X-Amzn-Principal": {"x"}}}, bad,
		},
		{
			"a certificate that is not registered", credentials{certificate: &stranger},
			call{path: "/things/pump/jobs/$next"}, denied,
		},
		{
			"a revoked certificate", credentials{certificate: &revoked},
			call{path: "/things/pump/jobs/$next"}, invalid,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.call.method = "PUT"
			conn, got, closing := s.sendHead(t, row.who, row.call, 100<<10)
			if got != row.want || !closing {
				t.Errorf("got %s, closing %v, want %s", got, closing, row.want)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("the connection ends with %v", err)
			}
		})
	}
}

// sendHead sends the head of a request whose body has this many bytes, none of which is sent, and
// returns what is answered, such as "403 ForbiddenException", and whether the connection is closed
// then.
func (s *server) sendHead(
	t *testing.T, who credentials, call call, length int64,
) (conn net.Conn, got string, closing bool) {
	t.Helper()
	var err error
	base := "http://" + s.http
	if who.certificate != nil {
		base = "https://" + s.https
		conn, err = tls.Dial("tcp", s.https, s.tlsConfig(who))
	} else {
		conn, err = net.Dial("tcp", s.http)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(timeout))
	r := s.request(t, base, who, call)
	r.Header.Del("Content-Length")
	var head strings.Builder
	head.WriteString(r.Method + " " + r.URL.RequestURI() + " HTTP/1.1\r\nHost: " + r.URL.Host + "\r\n")
	if err := r.Header.Write(&head); err != nil {
		t.Fatal(err)
	}
	head.WriteString("Content-Length: " + strconv.FormatInt(length, 10) + "\r\n\r\n")
	if _, err := io.WriteString(conn, head.String()); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	got = strings.TrimSpace(answer.Status[:3] + " " + answer.Header.Get("x-amzn-ErrorType"))
	return conn, got, answer.Close
}
