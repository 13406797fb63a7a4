package gateway_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/artifact/s3api"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/schema"
)

// needed says of every operation the least role that may call it. An operation that is added needs a
// word here: what everybody may read, or change, is decided by somebody.
var needed = map[schema.Role]string{
	schema.Viewer: `
		iot DescribeJob ListJobs GetJobDocument DescribeJobExecution ListJobExecutionsForJob
		ListJobExecutionsForThing DescribeJobTemplate ListJobTemplates DescribeManagedJobTemplate
		ListManagedJobTemplates DescribeThing ListThings DescribeThingType ListThingTypes
		DescribeThingGroup ListThingGroups ListThingsInThingGroup ListThingGroupsForThing
		GetIndexingConfiguration SearchIndex DescribeBillingGroup ListBillingGroups
		ListThingsInBillingGroup DescribeCertificate ListCertificates ListThingPrincipals
		DescribeCACertificate ListCACertificates ListCertificatesByCA
		ListPrincipalThings ListThingPrincipalsV2 ListPrincipalThingsV2 GetPolicy ListPolicies
		GetPolicyVersion ListPolicyVersions ListAttachedPolicies ListTargetsForPolicy
		GetEffectivePolicies TestAuthorization ListPrincipalPolicies ListPolicyPrincipals
		ListTagsForResource DescribeEventConfigurations DescribeEndpoint DescribeAuthorizer
		ListAuthorizers DescribeDefaultAuthorizer ListProvisioningTemplates
		DescribeProvisioningTemplateVersion ListProvisioningTemplateVersions

		drover DescribeSteering DescribeHold ListHolds DescribeFailures ListJobTargetThings ReplayJob
		ListAuditRecords DescribeAuditLog VerifyAuditLog Forecast ExplainThing ExplainJob
		DescribeJobProgress CountThings ListThingEvents ExplainPermission

		iot-jobs-data GetPendingJobExecutions`,

	schema.Operator: `
		iot CreateJob UpdateJob CancelJob DeleteJob AssociateTargetsWithJob CancelJobExecution
		DeleteJobExecution CreateJobTemplate DeleteJobTemplate CreateThing UpdateThing DeleteThing
		CreateThingType DeprecateThingType DeleteThingType CreateThingGroup UpdateThingGroup
		DeleteThingGroup AddThingToThingGroup RemoveThingFromThingGroup UpdateThingGroupsForThing
		CreateDynamicThingGroup UpdateDynamicThingGroup DeleteDynamicThingGroup CreateBillingGroup
		UpdateBillingGroup DeleteBillingGroup AddThingToBillingGroup RemoveThingFromBillingGroup
		TagResource UntagResource DescribeProvisioningTemplate CreateProvisioningClaim

		drover UpdateSteering ApproveWave RetryJobExecutions HoldThing ReleaseThing DescribeSink ListSinks
		ListDeadLetters RetryDeadLetters DeleteDeadLetters

		iot-jobs-data DescribeJobExecution StartNextPendingJobExecution UpdateJobExecution`,

	schema.Admin: `
		iot UpdateIndexingConfiguration UpdateEventConfigurations CreateKeysAndCertificate
		CreateCertificateFromCsr RegisterCertificateWithoutCA RegisterCertificate UpdateCertificate
		GetRegistrationCode DeleteRegistrationCode RegisterCACertificate UpdateCACertificate
		DeleteCACertificate DeleteCertificate AttachThingPrincipal DetachThingPrincipal CreatePolicy DeletePolicy
		CreatePolicyVersion SetDefaultPolicyVersion DeletePolicyVersion AttachPolicy DetachPolicy
		AttachPrincipalPolicy DetachPrincipalPolicy CreateAuthorizer UpdateAuthorizer DeleteAuthorizer
		SetDefaultAuthorizer ClearDefaultAuthorizer TestInvokeAuthorizer
		CreateProvisioningTemplate UpdateProvisioningTemplate DeleteProvisioningTemplate
		CreateProvisioningTemplateVersion DeleteProvisioningTemplateVersion RegisterThing

		drover CreateSink UpdateSink RotateSinkSecret DeleteSink`,
}

// expectedRoles is needed by the name of the service and of the operation.
func expectedRoles() map[string]schema.Role {
	expected := map[string]schema.Role{}
	for role, text := range needed {
		service := ""
		for _, word := range strings.Fields(text) {
			switch word {
			case iot.Service.Name, drover.Service.Name, jobsdata.Service.Name:
				service = word
			default:
				expected[service+" "+word] = role
			}
		}
	}
	return expected
}

// holder is a key of one role.
type holder struct {
	role schema.Role
	who  credentials
	may  []schema.Role // of operations
}

// holders makes a key for each role, one without a role, and one whose role does not exist.
func (s *server) holders() (all []holder) {
	s.t.Helper()
	keys := s.handler.Operators.Keys
	none := []schema.Role{}
	for _, h := range []holder{
		{role: schema.Viewer, may: []schema.Role{schema.Viewer}},
		{role: schema.Operator, may: []schema.Role{schema.Viewer, schema.Operator}},
		{role: schema.Admin, may: schema.Roles()},
		{role: "", may: none},
		{role: "root", may: none},
	} {
		key, err := keys.Create("the-"+string(h.role), h.role)
		if err != nil {
			s.t.Fatal(err)
		}
		h.who = credentials{key: key.AccessKeyID, secret: key.SecretAccessKey}
		all = append(all, h)
	}
	return all
}

// Every operation of both planes is open to the keys whose role includes the one that it needs, and
// to no others.
func TestRoles(t *testing.T) { // R-WEB-1, R-WEB-2, R-WEB-3, R-WEB-4
	t.Parallel()
	s := newServer(t)
	expected := expectedRoles()
	holders := s.holders()
	for _, service := range []*schema.Service{&iot.Service, &drover.Service, &jobsdata.Service} {
		for _, op := range service.All() {
			name := service.Name + " " + op.Name
			least, known := expected[name]
			if !known {
				t.Errorf("%s needs %s; the test does not say which role it needs", name, op.Role)
				continue
			}
			delete(expected, name)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for _, h := range holders {
					s.checkRole(t, op, service.Signing, least, h)
				}
			})
		}
	}
	for name := range expected {
		t.Errorf("there is no operation %s", name)
	}
}

// checkRole calls an operation with a key. The call is meant for a resource that does not exist.
func (s *server) checkRole(
	t *testing.T, op *schema.Description, signing string, least schema.Role, h holder,
) {
	t.Helper()
	path := schema.Named(op.Path, func(string) string { return "none" })
	answer, body := s.send(t, "http://"+s.http, h.who, call{
		method:  op.Method,
		path:    path,
		service: signing,
		body:    "{}",
		header:  http.Header{"Content-Type": {"application/json"}},
	})
	refused := strings.HasPrefix(answer, "403 ")
	if may := slices.Contains(h.may, least); may == refused {
		t.Errorf("the role %q: %s %s", h.role, answer, body)
	}
	if !refused {
		return
	}
	var refusal struct{ Message string }
	if err := json.Unmarshal([]byte(body), &refusal); err != nil {
		t.Error(err)
	}
	want := "the key the-" + string(h.role) + " has the role " + string(h.role) + "; " +
		op.Name + " needs " + string(least)
	if len(h.may) == 0 {
		want = "the key the-" + string(h.role) + " may do nothing: the role"
	}
	if !strings.HasPrefix(refusal.Message, want) {
		t.Errorf("the role %q: %q, want %q", h.role, refusal.Message, want)
	}
}

// What is below /_drover/ and no operation, and the store of artifacts, need roles by the method.
func TestRolesOfPaths(t *testing.T) { // R-WEB-5, R-WEB-6
	t.Parallel()
	s := newServer(t, withServer, withArtifacts(t))
	calls := map[schema.Role][]string{
		schema.Viewer: {
			"GET iot /_drover/clock", "GET iot /_drover/nodes", "HEAD iot /_drover/x",
			"GET s3 /", "GET s3 /artifacts", "GET s3 /artifacts/a", "HEAD s3 /artifacts/a",
		},
		schema.Operator: {
			"PUT s3 /artifacts/a", "DELETE s3 /artifacts/a", "POST s3 /artifacts?delete=",
			"POST s3 /artifacts/a?uploads=",
		},
		schema.Admin: {
			"POST iot /_drover/clock", "POST iot /_drover/reset", "DELETE iot /_drover/nodes",
		},
	}
	for _, h := range s.holders() {
		for role, lines := range calls {
			for _, line := range lines {
				words := strings.Fields(line)
				c := call{method: words[0], service: words[1], path: words[2]}
				c.header = http.Header{"Content-Type": {"application/json"}}
				if c.service == "s3" {
					c.header.Set("X-Amz-Content-Sha256", emptyHash)
				}
				answer, body := s.send(t, "http://"+s.http, h.who, c)
				refused := strings.HasPrefix(answer, "403")
				if may := slices.Contains(h.may, role); may == refused {
					t.Errorf("the role %q, %s: %s %s", h.role, line, answer, body)
				}
			}
		}
	}
}

// emptyHash is the hash of no bytes.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// withServer has HTTP.Server answer 200 to whom it lets through, as app has it.
func withServer(h *gateway.HTTP) {
	h.Server = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		check, err := h.Operators.AllowLocal(r)
		if err == nil {
			err = check(nil)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
}

// withArtifacts has an empty store of artifacts.
func withArtifacts(t *testing.T) change {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	store, err := artifact.Open(t.Context(), filepath.Join(t.TempDir(), "artifacts"), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return func(h *gateway.HTTP) {
		h.Artifacts = &gateway.Artifacts{Handler: &s3api.Handler{
			Store:  store,
			Bucket: "artifacts",
			Region: "us-east-1",
			Rates:  s3api.NewRates(0, 0),
			HangUp: gateway.HangUp,
			Log:    log,
		}}
	}
}

// Keys of before there were roles may do everything; a role that is written and is none, nothing.
func TestKeysWithoutARole(t *testing.T) { // R-WEB-2
	t.Parallel()
	for text, want := range map[string]schema.Role{
		`[{"name":"a"}]`:                 schema.Admin,
		`[{"name":"a","role":"viewer"}]`: schema.Viewer,
		`[{"name":"a","role":""}]`:       "",
		`[{"name":"a","role":"Admin"}]`:  "Admin",
	} {
		keys, err := gateway.ReadKeys([]byte(text))
		if err != nil || len(keys) != 1 || keys[0].Role != want || keys[0].Name != "a" {
			t.Errorf("%s: %+v, %v, want the role %q", text, keys, err, want)
		}
	}
	first, err := gateway.OpenKeys(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	if key, err := first.First("operator"); err != nil || key.Role != schema.Admin {
		t.Errorf("the first key: %+v, %v", key, err)
	}
}
