package gateway_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/registry"
)

// column is one kind of listener, and over HTTP the plane that is called there.
type column int

const (
	httpControl column = iota
	httpDevice
	httpsControl
	httpsDevice
	plainMQTT
	mutualMQTT // MQTT over TLS on its own port
	alpnMQTT   // MQTT on the port of HTTPS, by ALPN
	columns
)

var columnNames = [columns]string{
	"HTTP control", "HTTP device", "HTTPS control", "HTTPS device", "MQTT", "MQTTS", "MQTT by ALPN",
}

// row is one kind of caller, and what it gets in each column. "-" is a combination that cannot be:
// a certificate without TLS.
type row struct {
	name string
	who  credentials
	want [columns]string
}

// The answers that appear in many cells.
const (
	operator = "200 jobs"       // of ListJobs
	pending  = "200 queuedJobs" // of GetPendingJobExecutions
	unsigned = "403 MissingAuthenticationTokenException"
	bad      = "403 InvalidSignatureException"
	unknown  = "403 UnrecognizedClientException"
	tooOld   = "400 RequestExpired"
	noRoute  = "404 UnknownOperationException"
	denied   = "403 ForbiddenException"
	invalid  = "400 CertificateValidationException"

	served = "CONNACK 00, PUBACK 00 accepted"
	closed = "closed"
	refuse = "CONNACK 87"
)

// Every kind of caller on every listener and plane. A signature opens HTTP and nothing else, a
// certificate opens the device plane and nothing else, and plain MQTT is open to everybody.
//
// Rules: R-HTTP-30, R-HTTP-32, R-HTTP-33, R-BRK-2, R-BRK-6, R-BRK-17, R-BRK-39.
func TestMatrix(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	rows := append(signatureRows(s), certificateRows(s)...)
	for _, row := range rows {
		for at := range columns {
			if row.want[at] == "-" {
				continue
			}
			t.Run(row.name+"/"+columnNames[at], func(t *testing.T) {
				t.Parallel()
				if got := s.probe(t, at, row.who); got != row.want[at] {
					t.Errorf("got %s, want %s", got, row.want[at])
				}
			})
		}
	}
}

// signatureRows are the callers without a certificate. MQTT takes no notice of keys.
func signatureRows(s *server) []row {
	key := func(id, secret string) credentials { return credentials{key: id, secret: secret} }
	id, secret := s.key.AccessKeyID, s.key.SecretAccessKey
	aged := func(age time.Duration) credentials {
		return credentials{key: id, secret: secret, age: age}
	}
	all := func(control, device string) [columns]string {
		return [columns]string{control, device, control, device, served, closed, closed}
	}
	return []row{
		{"none", credentials{}, all(unsigned, unsigned)},
		{"operator key", key(id, secret), all(operator, pending)},
		{"wrong secret", key(id, secret+"x"), all(bad, bad)},
		{"unknown key", key("AKIANOBODY", secret), all(unknown, unknown)},
		{"signature of 14 minutes ago", aged(14 * time.Minute), all(operator, pending)},
		{"signature of 16 minutes ago", aged(16 * time.Minute), all(tooOld, tooOld)},
		{"signature of 14 minutes ahead", aged(-14 * time.Minute), all(operator, pending)},
		{"signature of 16 minutes ahead", aged(-16 * time.Minute), all(tooOld, tooOld)},
		{
			"operator key with a session token, which is ignored",
			credentials{key: id, secret: secret, token: "token"}, all(operator, pending),
		},
	}
}

// certificateRows are the callers with a certificate, which nobody but themselves has signed: a device
// needs no CA that is registered (R-ID-19). ListJobs is not an operation of the device
// plane, which is the only one that a certificate reaches.
func certificateRows(s *server) []row {
	with := func(v validity, register func(*credentials)) credentials {
		c := newCertificate(s.t, v)
		who := credentials{certificate: &c}
		register(&who)
		return who
	}
	as := func(status registry.CertificateStatus, statements string) func(*credentials) {
		return func(c *credentials) { s.register(*c.certificate, status, statements) }
	}
	all := func(device, mqtt string) [columns]string {
		return [columns]string{"-", "-", noRoute, device, "-", mqtt, mqtt}
	}
	const active, inactive = registry.CertificateActive, registry.CertificateInactive
	return []row{
		{"ACTIVE", with(valid, as(active, fullAccess("pump"))), all(pending, served)},
		{"INACTIVE", with(valid, as(inactive, fullAccess("pump"))), all(invalid, closed)},
		{"REVOKED", with(valid, as("REVOKED", fullAccess("pump"))), all(invalid, closed)},
		{"not registered", with(valid, func(*credentials) {}), all(denied, closed)},
		{"expired", with(expired, as(active, fullAccess("pump"))), all(invalid, closed)},
		{"not valid yet", with(ahead, as(active, fullAccess("pump"))), all(invalid, closed)},
		{"without a policy", with(valid, as(active, "")), all(denied, refuse)}, // R-ID-34
		{
			"policy for another thing",
			with(valid, as(active, fullAccess("lamp"))), all(denied, refuse),
		},
		{
			"policy for the other plane's actions",
			with(valid, as(active, allow("iot:ListJobs", "*"))), all(denied, refuse),
		},
		{
			"policy for HTTPS only",
			with(valid, as(active, allow("iotjobsdata:*", "thing/pump"))), all(pending, refuse),
		},
		{
			"policy to connect only",
			with(valid, as(active, allow("iot:Connect", "client/pump-*"))),
			all(denied, "CONNACK 00, PUBACK 87"),
		},
		{
			"policy of another account", // R-ID-2
			with(valid, as(active, strings.ReplaceAll(fullAccess("pump"), ":0000", ":1111"))),
			all(denied, refuse),
		},
		{
			"policy of another region", // R-ID-2
			with(valid, as(active, strings.ReplaceAll(fullAccess("pump"), "us-east-1", "eu-west-1"))),
			all(denied, refuse),
		},
		{
			"policy of another partition", // R-ID-2
			with(valid, as(active, strings.ReplaceAll(fullAccess("pump"), "arn:aws:", "arn:aws-cn:"))),
			all(denied, refuse),
		},
		{
			"ACTIVE, and a wrong signature, which is ignored", with(valid, func(c *credentials) {
				as(active, fullAccess("pump"))(c)
				c.key, c.secret = s.key.AccessKeyID, "wrong"
			}), all(pending, served),
		},
		{
			"not registered, and an operator key, which is ignored",
			with(valid, func(c *credentials) {
				c.key, c.secret = s.key.AccessKeyID, s.key.SecretAccessKey
			}), all(denied, closed),
		},
	}
}

// probe calls one operation with some credentials and says in a few words what it got.
func (s *server) probe(t *testing.T, at column, who credentials) string {
	t.Helper()
	switch at {
	case httpControl, httpsControl:
		return s.probeHTTP(t, at, who, call{method: "GET", path: "/jobs", service: "iot"})
	case httpDevice, httpsDevice:
		return s.probeHTTP(t, at, who,
			call{method: "GET", path: "/things/pump/jobs", service: "iot-jobs-data"})
	}
	var c *mqttClient
	switch at {
	case plainMQTT:
		c = s.dial(t, s.mqtt, nil)
	case mutualMQTT:
		c = s.dial(t, s.mqtts, s.tlsConfig(who))
	default:
		c = s.dial(t, s.https, s.tlsConfig(who, "x-amzn-mqtt-ca"))
	}
	// A client id of its own, because a second connection with the same one would end the first.
	result := c.connect("pump-"+rand.Text(), who.key)
	if result != "CONNACK 00" {
		return result
	}
	return result + ", " + c.publish("$aws/things/pump/jobs/get", `{}`)
}

// probeHTTP makes a request and adds to its status the member that tells the planes apart.
func (s *server) probeHTTP(t *testing.T, at column, who credentials, call call) string {
	t.Helper()
	base := "http://" + s.http
	if at >= httpsControl {
		base = "https://" + s.https
	}
	answer, body := s.send(t, base, who, call)
	for _, member := range []string{"queuedJobs", "jobs"} {
		if strings.Contains(body, `"`+member+`":`) {
			return answer + " " + member
		}
	}
	return answer
}
