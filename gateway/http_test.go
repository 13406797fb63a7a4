package gateway_test

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/registry"
)

// signedBy are the credentials of the operator key of a server.
func (s *server) signedBy() credentials {
	return credentials{key: s.key.AccessKeyID, secret: s.key.SecretAccessKey}
}

// Two paths are operations of both planes. The service of the signature says which is meant, and
// the certificate where there is one.
func TestPathsOfBothPlanes(t *testing.T) { // R-WIRE-5, R-HTTP-2, T-40
	t.Parallel()
	s := newServer(t)
	certificate := newCertificate(t, valid)
	s.register(certificate, registry.CertificateActive, fullAccess("pump"))
	operator, device := s.signedBy(), credentials{certificate: &certificate}
	plain, secured := "http://"+s.http, "https://"+s.https
	const list, one = "/things/pump/jobs", "/things/pump/jobs/fw"
	for _, row := range []struct {
		base          string
		who           credentials
		path, service string
		want          string // a member that only the answer of one plane has
	}{
		{plain, operator, list, "iot", "executionSummaries"},
		{plain, operator, list, "execute-api", "executionSummaries"},
		{plain, operator, list, "iot-jobs-data", "queuedJobs"},
		{secured, operator, list, "iot", "executionSummaries"},
		{secured, operator, list, "iot-jobs-data", "queuedJobs"},
		{secured, device, list, "", "queuedJobs"},
		{plain, operator, one, "iot", "thingArn"},
		{plain, operator, one, "iot-jobs-data", "jobDocument"},
		{secured, device, one, "", "jobDocument"},
	} {
		call := call{method: "GET", path: row.path, service: row.service}
		answer, body := s.send(t, row.base, row.who, call)
		if answer != "200" || !strings.Contains(body, row.want) {
			t.Errorf("%s%s signed for %q: %s %s, want %s",
				row.base, row.path, row.service, answer, body, row.want)
		}
	}
}

// What cannot be authenticated is refused in the form of the plane that it was meant for: the
// device plane looks at the path first, the control plane does not.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	certificate := newCertificate(t, valid)
	s.register(certificate, registry.CertificateActive, fullAccess("pump"))
	device := credentials{certificate: &certificate}
	const data = "abc.jobs.iot.us-east-1.amazonaws.com"
	huge := strings.Repeat(" ", 1<<20+1)
	large := strings.Repeat(" ", 128<<10+1)
	for _, row := range []struct {
		name  string
		who   credentials
		call  call
		want  string
		names string // what the message names
	}{
		{"R-ERR-9 not signed", credentials{}, call{path: "/nope"}, unsigned, "Authorization"},
		{
			"R-HTTP-31 not signed, at the host of the device plane", credentials{},
			call{path: "/nope", host: data}, noRoute, "",
		},
		{
			"R-ERR-9 not signed, at the host of the device plane", credentials{},
			call{path: "/things/pump/jobs", host: data}, unsigned, "Authorization",
		},
		{
			"another service", s.signedBy(), call{path: "/jobs", service: "sqs"}, bad,
			`service \"sqs\"; sign for iot or iot-jobs-data`,
		},
		{
			"R-HTTP-41 the data service", s.signedBy(),
			call{method: "POST", path: "/topics/a/b", service: "iotdata"}, noRoute,
			"Publish of the data service iotdata is not offered by Drover",
		},
		{
			"the service of MQTT over WebSocket, elsewhere", s.signedBy(),
			call{path: "/jobs", service: "iotdevicegateway"}, bad,
			`service \"iotdevicegateway\"; sign for iot or iot-jobs-data`,
		},
		{
			"R-HTTP-41 the data service, elsewhere", s.signedBy(),
			call{path: "/jobs", service: "iotdata"}, noRoute,
			"the data service iotdata is not offered by Drover",
		},
		{
			"R-HTTP-41 the data service with a certificate", device,
			call{method: "POST", path: "/topics/a/b"}, noRoute, "Publish of the data service iotdata",
		},
		{
			"another region", s.signedBy(),
			call{path: "/jobs", service: "iot", region: "mars-1"}, bad,
			`region \"mars-1\"; this server is us-east-1`,
		},
		{
			"another region, device plane", s.signedBy(),
			call{path: "/things/pump/jobs", service: "iot-jobs-data", region: "mars-1"}, bad,
			"mars-1",
		},
		{
			"another thing", device, call{path: "/things/lamp/jobs"}, denied,
			"iotjobsdata:GetPendingJobExecutions on thing lamp",
		},
		{
			"R-HTTP-7 more than any body", s.signedBy(),
			call{path: "/jobs", service: "iot", body: huge},
			"400 InvalidRequestException", "1048576 bytes",
		},
		{
			"R-HTTP-7 more than any body, device plane", s.signedBy(),
			call{path: "/things/pump/jobs", service: "iot-jobs-data", body: huge},
			"413 InvalidRequestException", "131072 bytes",
		},
		{
			"R-HTTP-7 more than any body, certificate", device,
			call{path: "/things/pump/jobs", body: huge},
			"413 InvalidRequestException", "131072 bytes",
		},
		{
			"R-HTTP-7 more than the device plane reads", device,
			call{path: "/things/pump/jobs", body: large},
			"413 InvalidRequestException", "131072 bytes",
		},
		{
			"R-HTTP-7 more than the device plane reads, signed", s.signedBy(),
			call{path: "/things/pump/jobs", service: "iot-jobs-data", body: large},
			"413 InvalidRequestException", "131072 bytes",
		},
		{
			"R-WIRE-29 not signed, with more than any body", credentials{},
			call{path: "/jobs", body: huge}, unsigned, "Authorization",
		},
		{
			"R-WIRE-29 a key that does not exist, with more than any body",
			credentials{key: "AKIANOBODY", secret: "x"},
			call{path: "/jobs", service: "iot", body: huge}, unknown, "AKIANOBODY",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			base := "http://" + s.http
			if row.who.certificate != nil {
				base = "https://" + s.https
			}
			if row.call.method == "" {
				row.call.method = "GET"
			}
			answer, body := s.send(t, base, row.who, row.call)
			if answer != row.want || !strings.Contains(body, row.names) {
				t.Errorf("got %s %s, want %s that names %q", answer, body, row.want, row.names)
			}
		})
	}
}

// Each answer has a request id, whoever gives it, and no two have the same (R-WIRE-18).
func TestRequestID(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	seen := map[string]bool{}
	for _, target := range []string{"/jobs", "/things/pump/jobs", "/_drover/clock", "/nope"} {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		id := w.Header().Get("x-amzn-RequestId")
		if id == "" || seen[id] {
			t.Errorf("%s: request id %q", target, id)
		}
		seen[id] = true
	}
}

// A server with a relaxed scope accepts signatures for any region, and answers with ARNs of it. The
// account in ARNs stays that of the server, and the secret counts as ever.
func TestRelaxedScope(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(h *gateway.HTTP) { h.Operators.Scope.Relaxed = true })
	wrong := s.signedBy()
	wrong.secret = "wrong"
	for _, row := range []struct {
		who          credentials
		region, want string
		arn          string
	}{
		{s.signedBy(), "us-east-1", "200", "arn:aws:iot:us-east-1:000000000000:thing/pump"},
		{s.signedBy(), "eu-north-1", "200", "arn:aws:iot:eu-north-1:000000000000:thing/pump"},
		{wrong, "eu-north-1", bad, ""},
	} {
		answer, body := s.send(t, "http://"+s.http, row.who,
			call{method: "GET", path: "/things/pump", service: "iot", region: row.region})
		if answer != row.want || !strings.Contains(body, row.arn) {
			t.Errorf("%s: got %s %s, want %s with %s", row.region, answer, body, row.want, row.arn)
		}
	}
}

// What is below /_drover/ belongs to the server, whatever credentials come with it.
func TestServerPaths(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(h *gateway.HTTP) {
		h.Server = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
		})
	})
	for path, want := range map[string]string{
		"/_drover/clock": "418",
		"/_drover/":      "418",
		"/_drover":       noRoute,
		"/x/_drover/":    noRoute,
	} {
		answer, _ := s.send(t, "http://"+s.http, s.signedBy(),
			call{method: "GET", path: path, service: "iot"})
		if answer != want {
			t.Errorf("%s: got %s, want %s", path, answer, want)
		}
	}
}

// The operations that steer jobs stand below /_drover/, too, and are those of the control plane: an
// operator signs for them, wherever the request comes from.
func TestSteeringNeedsASignature(t *testing.T) { // R-STR-6
	t.Parallel()
	s := newServer(t)
	wrong := s.signedBy()
	wrong.secret = "wrong"
	certificate := newCertificate(t, valid)
	s.register(certificate, registry.CertificateActive, fullAccess("pump"))
	const path = "/_drover/jobs/fw/steering"
	for _, row := range []struct {
		name string
		who  credentials
		call call
		want string
	}{
		{"this machine, not signed", credentials{}, call{}, unsigned},
		{"a wrong signature", wrong, call{service: "iot"}, bad},
		{"a device", credentials{certificate: &certificate}, call{}, noRoute},
		{"signed for the device plane", s.signedBy(), call{service: "iot-jobs-data"}, noRoute},
		{"signed", s.signedBy(), call{service: "iot"}, "200"},
		{"signed, to another host", s.signedBy(), call{service: "iot", host: "drover.example"}, "200"},
		{"another method", s.signedBy(), call{method: "PUT", service: "iot"}, noRoute},
		{
			"another method, not signed", credentials{}, call{method: "PUT"}, unsigned,
		},
		{
			"a patch", s.signedBy(), call{
				method: "PATCH", service: "iot", body: `{"settings":{"paused":"a ticket"}}`,
			}, "200",
		},
		{
			"a patch that is not signed", credentials{}, call{
				method: "PATCH", body: `{"settings":{"paused":null}}`,
			}, unsigned,
		},
	} {
		base := "http://" + s.http
		if row.who.certificate != nil {
			base = "https://" + s.https
		}
		row.call.method, row.call.path = cmp.Or(row.call.method, "GET"), path
		if got, body := s.send(t, base, row.who, row.call); got != row.want {
			t.Errorf("%s: got %s %s, want %s", row.name, got, body, row.want)
		}
	}
	read := call{method: "GET", path: path, service: "iot"}
	if _, body := s.send(t, "http://"+s.http, s.signedBy(), read); !strings.Contains(body, `"paused":"a ticket"`) {
		t.Errorf("afterwards: %s", body)
	}
}

// broken is a registry whose store cannot be read.
type broken struct{ identify, access error }

func (b broken) Identify(context.Context, string, time.Time) (registry.Certificate, error) {
	return registry.Certificate{ID: "id"}, b.identify
}

func (b broken) Access(context.Context, string, string) (identity.Access, error) {
	return identity.Access{}, b.access
}

func (b broken) RegisterFirst(context.Context, *x509.Certificate, time.Time) (registry.CertificateStatus, error) {
	return "", b.identify
}

func (b broken) AccessByPolicies(context.Context, []string, string) (identity.Access, error) {
	return identity.Access{}, b.access
}

func (broken) AccessVersion() uint64 { return 1 }

// When a caller cannot be checked it is refused, without a word about why.
func TestCheckFails(t *testing.T) {
	t.Parallel()
	failure := errors.New("disk on fire")
	for name, identities := range map[string]gateway.Identities{
		"identify": broken{identify: failure},
		"access":   broken{access: failure},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(h *gateway.HTTP) { h.Devices.Identities = identities })
			certificate := newCertificate(t, valid)
			who := credentials{certificate: &certificate}
			answer, body := s.send(t, "https://"+s.https, who,
				call{method: "GET", path: "/things/pump/jobs"})
			if answer != "503 ServiceUnavailableException" || strings.Contains(body, "fire") {
				t.Errorf("HTTPS: got %s %s", answer, body)
			}
			want := map[string]string{"identify": closed, "access": "CONNACK 88"}[name]
			got := s.dial(t, s.mqtts, s.tlsConfig(who)).connect("pump-1", "")
			if got != want {
				t.Errorf("MQTT: got %s, want %s", got, want)
			}
		})
	}
}
