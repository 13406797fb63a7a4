package control

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// The world of the list tests: something of every kind that lists show, made by the operations of
// the control plane. What it holds is said in tables, in the documented order of the lists, so that
// a test can work out by itself what a list must hold.

// world is a control plane with something of every kind that lists show.
type world struct {
	*scenario
	certificates []string // their ids, in the order of their creation
	authorities  []string // the ids of CA certificates, likewise
	signed       []string // the ids of certificates of the second of these, likewise
}

const testArn = "arn:aws:iot:us-east-1:000000000000:"

// authorizerStatus are the authorizers by name, with their status.
var authorizerStatus = map[string]string{"A": "ACTIVE", "a": "INACTIVE", "b": "ACTIVE", "c": "INACTIVE"}

// do calls an operation that must succeed, and returns its answer.
func (w *world) do(name string, members map[string]any) (answer map[string]any) {
	w.t.Helper()
	r := w.serve(described(name), members)
	if r.Code != http.StatusOK {
		w.t.Fatalf("%s %v: %d %s", name, members, r.Code, r.Body)
	}
	if err := json.Unmarshal(r.Body.Bytes(), &answer); err != nil {
		w.t.Fatal(err)
	}
	if err := w.engine.RunDue(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return answer
}

// later lets a minute pass.
func (w *world) later() { w.clock.Set(w.clock.Now().Add(time.Minute)) }

// m is the members of a request.
type m = map[string]any

func newWorld(t *testing.T, s store.Store) *world {
	w := &world{scenario: newScenarioOn(t, s)}
	for _, name := range []string{"lamp", "lampion", "pump"} {
		w.do("CreateThingType", m{"thingTypeName": name})
	}
	for _, thing := range things {
		members := m{"thingName": thing.name}
		if thing.kind != "" {
			members["thingTypeName"] = thing.kind
		}
		if thing.attributes != nil {
			members["attributePayload"] = m{"attributes": thing.attributes}
		}
		w.do("CreateThing", members)
	}
	for _, name := range []string{"sales", "s", "lab"} {
		w.do("CreateBillingGroup", m{"billingGroupName": name})
		for _, thing := range billed[name] {
			w.do("AddThingToBillingGroup", m{"billingGroupName": name, "thingName": thing})
		}
	}
	for _, name := range []string{"root", "mid", "leaf", "side", "rootlet"} {
		members := m{"thingGroupName": name}
		if parents[name] != "" {
			members["parentGroupName"] = parents[name]
		}
		w.do("CreateThingGroup", members)
		for _, member := range membersOf[name] {
			w.do("AddThingToThingGroup", m{"thingGroupName": name, "thingName": member})
		}
	}
	w.do("CreateDynamicThingGroup",
		m{"thingGroupName": "dynamic", "queryString": "attributes.site:north"})
	w.addIdentities()
	w.addTemplates()
	w.addAuthorities()
	w.addJobs()
	for _, name := range []string{"e", "a", "c"} {
		w.do("HoldThing", m{"thingName": name, "reason": "a ticket"})
	}
	for _, name := range []string{"s", "other"} {
		w.do("CreateSink", m{"sinkName": name, "kind": "WEBHOOK", "url": "https://a"})
	}
	w.addDeadLetters("s", "one", "two", "three")
	return w
}

// things are the things of the world, by name.
var things = []struct {
	name, kind string
	attributes map[string]string
}{
	{"B", "", map[string]string{"wattage": "75"}},
	{"a", "lamp", map[string]string{"wattage": "75", "site": "north"}},
	{"b", "lamp", map[string]string{"wattage": "7"}},
	{"c", "pump", map[string]string{"site": "north"}},
	{"d", "lampion", map[string]string{"wattage": "100", "site": "south"}},
	{"e", "", nil},
}

// billed has the things of the billing groups.
var billed = map[string][]string{"sales": {"e", "B", "a"}, "s": {"c"}}

// groups are all groups by name. parents has the parent of each that has one, membersOf the things
// that are direct members.
var (
	groups    = []string{"dynamic", "leaf", "mid", "root", "rootlet", "side"}
	parents   = map[string]string{"mid": "root", "side": "root", "leaf": "mid"}
	membersOf = map[string][]string{"root": {"B"}, "mid": {"a", "b"}, "leaf": {"c"}, "side": {"d"},
		"rootlet": {"a", "e"}, "dynamic": {"a", "c"}}
)

// below reports whether a group is another one or a descendant of it.
func below(group, ancestor string) bool {
	for ; group != ""; group = parents[group] {
		if group == ancestor {
			return true
		}
	}
	return false
}

// policies are the policies in the order of their creation, with what each is attached to. C0 and
// C1 are the certificates in the order of their ids.
var policies = []struct {
	name    string
	targets []string
}{
	{"p3", []string{"C0", "C1", "group/mid", "group/root"}},
	{"p1", []string{"C1", "group/root"}},
	{"p2", nil},
	{"p0", []string{"group/leaf"}},
}

// attachments are the things of each certificate by name; those in upper case exclusively.
var attachments = map[string][]string{"C0": {"a", "b", "c"}, "C1": {"a"}, "C2": {"d"}}

func exclusiveTo(certificate string) bool { return certificate == "C2" }

func (w *world) addIdentities() {
	for i := range 3 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			w.t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)),
			NotBefore:    w.clock.Now().Add(-time.Hour),
			NotAfter:     w.clock.Now().Add(time.Hour * 24),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			w.t.Fatal(err)
		}
		text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		made := w.do("RegisterCertificateWithoutCA", m{"certificatePem": text, "status": "ACTIVE"})
		w.certificates = append(w.certificates, made["certificateId"].(string))
		if i == 0 {
			w.later() // the other two are created in the same second
		}
	}
	for name, status := range authorizerStatus {
		w.do("CreateAuthorizer", m{"authorizerName": name, "authorizerFunctionArn": "https://a",
			"signingDisabled": true, "status": status})
	}
	for i, policy := range policies {
		w.do("CreatePolicy", m{"policyName": policy.name, "policyDocument": `{"Version":"2012-10-17",` +
			`"Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}`})
		if i != 1 {
			w.later()
		}
	}
	for _, policy := range policies { // the targets in their order are the newest first
		for _, target := range slices.Backward(policy.targets) {
			w.do("AttachPolicy", m{"policyName": policy.name, "target": w.target(target)})
			w.later()
		}
	}
	w.do("CreatePolicyVersion", m{"policyName": "p1", "policyDocument": `{"Version":"2012-10-17",` +
		`"Statement":[{"Effect":"Deny","Action":"iot:Connect","Resource":"*"}]}`})
	for certificate, attached := range attachments {
		for _, thing := range attached {
			members := m{"thingName": thing, "principal": w.target(certificate)}
			if exclusiveTo(certificate) {
				members["thingPrincipalType"] = "EXCLUSIVE_THING"
			}
			w.do("AttachThingPrincipal", members)
		}
	}
	w.do("TagResource", m{"resourceArn": testArn + "policy/p1", "tags": []m{
		{"Key": "z", "Value": "1"}, {"Key": "A", "Value": "2"}, {"Key": "a", "Value": "3"}}})
}

// addTemplates makes provisioning templates, of which t is for devices that connect first, and fleet has
// three versions.
func (w *world) addTemplates() {
	const body = `{"Resources": {"c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": "x"}}}}`
	for _, name := range []string{"t", "fleet", "s"} {
		members := m{"templateName": name, "templateBody": body,
			"provisioningRoleArn": "arn:aws:iam::000000000000:role/r"}
		if name == "t" {
			members["type"] = "JITP"
		}
		w.do("CreateProvisioningTemplate", members)
	}
	for range 2 {
		w.do("CreateProvisioningTemplateVersion", m{"templateName": "fleet", "templateBody": body})
	}
}

// addAuthorities registers three CA certificates, one a minute, and with the second of them two
// certificates. The first and the third have the template t.
func (w *world) addAuthorities() {
	for i := range 3 {
		w.later()
		authority, err := tlsutil.New("an authority", tlsutil.NewECKey)
		if err != nil {
			w.t.Fatal(err)
		}
		members := m{"caCertificate": string(authority.PEM), "certificateMode": "SNI_ONLY",
			"setAsActive": true}
		if i != 1 {
			members["registrationConfig"] = m{"templateName": "t"}
		}
		made := w.do("RegisterCACertificate", members)
		w.authorities = append(w.authorities, made["certificateId"].(string))
		for range 2 * (i % 2) {
			w.later()
			text, _, err := authority.IssueServer([]string{"pump"})
			if err != nil {
				w.t.Fatal(err)
			}
			made := w.do("RegisterCertificate", m{"certificatePem": string(text)})
			w.signed = append(w.signed, made["certificateId"].(string))
		}
	}
}

// byID is the certificates by id.
func (w *world) byID() []string { return slices.Sorted(slices.Values(w.certificates)) }

// target is the ARN of a certificate, C0 to C2 by id, or of a group.
func (w *world) target(short string) string {
	if group, ok := strings.CutPrefix(short, "group/"); ok {
		return testArn + "thinggroup/" + group
	}
	return testArn + "cert/" + w.byID()[short[1]-'0']
}

// jobsKnown are the jobs, newest first, then by id.
var jobsKnown = []struct{ id, status, selection, namespace, group string }{
	{"j5", "IN_PROGRESS", "SNAPSHOT", "", ""},
	{"j3", "CANCELED", "SNAPSHOT", "ns", "mid"},
	{"j4", "IN_PROGRESS", "CONTINUOUS", "ns", "rootlet"},
	{"j2", "IN_PROGRESS", "CONTINUOUS", "", "mid"},
	{"j1", "COMPLETED", "SNAPSHOT", "", ""},
}

// executionsKnown are the executions in the order in which the list of a thing has them: those of
// the jobs in the order above, and of one job the latest attempt first.
var executionsKnown = []struct {
	job, thing string
	number     int
	status     string
}{
	{"j5", "a", 3, "IN_PROGRESS"}, {"j5", "a", 2, "FAILED"}, {"j5", "a", 1, "FAILED"},
	{"j5", "B", 1, "QUEUED"}, {"j3", "a", 1, "CANCELED"}, {"j3", "b", 1, "CANCELED"},
	{"j3", "c", 1, "CANCELED"}, {"j4", "a", 1, "QUEUED"}, {"j4", "e", 1, "QUEUED"},
	{"j2", "a", 1, "QUEUED"}, {"j2", "b", 1, "QUEUED"}, {"j2", "c", 1, "QUEUED"},
	{"j1", "a", 1, "SUCCEEDED"},
}

func (w *world) addJobs() {
	create := func(id, selection, namespace string, targets ...string) {
		members := m{"jobId": id, "targetSelection": selection, "document": "{}", "targets": targets,
			"jobExecutionsRetryConfig": m{"criteriaList": []m{
				{"failureType": "FAILED", "numberOfRetries": 2}}}}
		if namespace != "" {
			members["namespaceId"] = namespace
		}
		w.do("CreateJob", members)
	}
	report := func(jobID string, event job.Event) {
		_, err := w.engine.Jobs.Report(w.t.Context(), "a", jobID, job.Report{Event: event}, false)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := w.engine.RunDue(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	create("j1", "SNAPSHOT", "", testArn+"thing/a")
	report("j1", job.ReportSucceeded)
	w.later()
	create("j2", "CONTINUOUS", "", w.target("group/mid"))
	w.later()
	create("j4", "CONTINUOUS", "ns", w.target("group/rootlet"))
	create("j3", "SNAPSHOT", "ns", w.target("group/mid"))
	w.do("CancelJob", m{"jobId": "j3"})
	w.later()
	create("j5", "SNAPSHOT", "", testArn+"thing/a", testArn+"thing/B")
	for range 2 {
		w.later()
		report("j5", job.ReportFailed)
	}
	report("j5", job.ReportInProgress)
	for _, id := range []string{"t1", "t3", "t2"} {
		w.do("CreateJobTemplate", m{"jobTemplateId": id, "description": "d", "document": "{}"})
		if id == "t1" {
			w.later()
		}
	}
}
