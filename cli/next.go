package cli

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/shellwords"
	"github.com/drover-iot/drover/cli/value"
)

// What to do next after a call that was refused, where that is certain (R-CMD-159). It is a line in
// brackets below the message, like the other hints, for people only.

// A nextStep is what to do after one kind of refusal. In its texts {jobId} stands for that member of
// the request, {program} for the name that it was called by, and {cli} for that and the control
// plane, which alone has lists; the device plane needs the same address and key.
type nextStep struct {
	code       string
	operations string // names between blanks; "" is any
	says       string // what must stand in the message; "" is anything
	step       string
}

// nextSteps are all that are known. The first that fits is shown. It is a function, because only a
// refused call needs the table.
func nextSteps() []nextStep {
	const (
		exists, absent = "ResourceAlreadyExistsException", "ResourceNotFoundException"
		version, state = "VersionConflictException", "InvalidStateTransitionException"
		limit, invalid = "LimitExceededException", "InvalidRequestException"
	)
	return []nextStep{
		{version, "CancelJobExecution", "", "{cli} describe-job-execution --job-id {jobId} " +
			"--thing-name {thingName} --query execution.versionNumber shows the version to expect"},
		{version, "UpdateThing DeleteThing", "",
			"{cli} describe-thing --thing-name {thingName} --query version shows the version to expect"},
		{version, "UpdateThingGroup DeleteThingGroup UpdateDynamicThingGroup DeleteDynamicThingGroup", "",
			"{cli} describe-thing-group --thing-group-name {thingGroupName} --query version " +
				"shows the version to expect"},
		{version, "UpdateBillingGroup DeleteBillingGroup", "",
			"{cli} describe-billing-group --billing-group-name {billingGroupName} --query version " +
				"shows the version to expect"},
		{"VersionMismatchException", "UpdateJobExecution", "",
			"{program} iot-jobs-data describe-job-execution --job-id {jobId} --thing-name {thingName} " +
				"--query execution.versionNumber shows the version to expect"},

		{state, "DeleteJob", "is DELETION_IN_PROGRESS",
			"{cli} describe-job --job-id {jobId} answers ResourceNotFoundException when it is gone"},
		{state, "DeleteJob", "or with force",
			"{cli} delete-job --job-id {jobId} --force deletes it all the same; " +
				"{cli} cancel-job --job-id {jobId} ends it first"},
		{state, "CancelJobExecution", "is IN_PROGRESS",
			"--force cancels an execution that is IN_PROGRESS"},
		{state, "DeleteJobExecution", "is IN_PROGRESS",
			"--force deletes an execution that is IN_PROGRESS"},
		{invalid, "CancelJob UpdateJob", "job {jobId} is DELETION_IN_PROGRESS",
			"{cli} list-jobs shows the jobs that there are"},
		{invalid, "CancelJob", "job {jobId} is ",
			"{cli} describe-job --job-id {jobId} shows how it has ended"},
		{invalid, "UpdateJob", "job {jobId} is ",
			"a job that has ended stays as it is; {cli} get-job-document --job-id {jobId} " +
				"shows the document, for another one"},

		{absent, "", "job {jobId} does not exist", "{cli} list-jobs shows the jobs that there are"},
		{absent, "", "job {jobId} has no execution on thing {thingName}",
			"{cli} list-job-executions-for-job --job-id {jobId} shows the executions that there are"},
		{absent, "", "job template {jobTemplateId} does not exist",
			"{cli} list-job-templates shows the templates that there are"},
		{absent, "", "managed template {templateName} does not exist",
			"{cli} list-managed-job-templates shows the templates that there are"},
		{absent, "", "thing {thingName} does not exist",
			"{cli} list-things shows the things that there are"},
		{absent, "", "thing group {thingGroupName} does not exist",
			"{cli} list-thing-groups shows the groups that there are"},
		{absent, "", "billing group {billingGroupName} does not exist",
			"{cli} list-billing-groups shows the groups that there are"},
		{absent, "", "thing type {thingTypeName} does not exist",
			"{cli} list-thing-types shows the types that there are"},
		{absent, "", "policy {policyName} does not exist",
			"{cli} list-policies shows the policies that there are"},
		{absent, "", "CA certificate {certificateId} does not exist",
			"{cli} list-ca-certificates shows the CA certificates that there are"},
		{absent, "", "certificate {certificateId} does not exist",
			"{cli} list-certificates shows the certificates that there are"},
		{absent, "CreateJob", "managed template ",
			"{cli} list-managed-job-templates shows the templates that there are"},
		{absent, "CreateJob", "template ",
			"{cli} list-job-templates shows the templates that there are"},
		{absent, "CreateJob AssociateTargetsWithJob", "targets[",
			"{cli} list-things and {cli} list-thing-groups show what can be a target"},

		{exists, "CreateJob", "", "{cli} describe-job --job-id {jobId} shows the one that there is"},
		{exists, "CreateJobTemplate", "", "{cli} describe-job-template --job-template-id " +
			"{jobTemplateId} shows the one that there is"},
		{exists, "CreateThing", "",
			"{cli} describe-thing --thing-name {thingName} shows the one that there is"},
		{exists, "CreateThingGroup CreateDynamicThingGroup", "", "{cli} describe-thing-group " +
			"--thing-group-name {thingGroupName} shows the one that there is"},
		{exists, "CreateThingType", "", "{cli} describe-thing-type --thing-type-name " +
			"{thingTypeName} shows the one that there is"},
		{exists, "CreateBillingGroup", "", "{cli} describe-billing-group --billing-group-name " +
			"{billingGroupName} shows the one that there is"},
		{exists, "CreatePolicy", "",
			"{cli} get-policy --policy-name {policyName} shows the one that there is"},

		{limit, "DeleteJob", "are being deleted already",
			"{cli} list-jobs --status DELETION_IN_PROGRESS shows them; their number falls by itself"},
		{limit, "", "SNAPSHOT jobs are active",
			"the limit is --max-snapshot-jobs of drover serve; a job that ends makes room"},
		{limit, "", "CONTINUOUS jobs are active",
			"the limit is --max-continuous-jobs of drover serve; a job that is canceled makes room"},
		{limit, "", "are rolling out or being canceled",
			"the limit is --max-concurrent-jobs of drover serve; a rollout that ends makes room"},
		{limit, "", "job templates exist", "the limit is --max-job-templates of drover serve"},

		{"DeleteConflictException", "DeletePolicy", "",
			"{cli} list-targets-for-policy --policy-name {policyName} and " +
				"{cli} list-policy-versions --policy-name {policyName} show what has to go first"},
		{"InvalidQueryException", "", "", "{cli} search-index help has examples of queries"},

		{"AccessDeniedException", "", "has the role",
			"drover keys list shows the roles of keys; drover keys create --role makes another key"},
		{"UnrecognizedClientException", "", "",
			"{program} configure list shows which access key is used and where it comes from; " +
				"drover keys create makes one for a server"},
		{"InvalidSignatureException", "", "",
			"{program} configure list shows the secret key and the region that are used, " +
				"and where they come from"},
		{"MissingAuthenticationTokenException", "", "",
			"{program} configure list shows whether an access key is configured"},
		{"RequestExpired", "", "", "the clock of this machine and that of the server differ"},
	}
}

// withNextStep adds what to do next to an error with which the service refused a request.
func (c *call) withNextStep(err error, in *value.Object) error {
	refused, ok := errors.AsType[*exit.Error](err)
	if !ok || refused.Status != exit.StatusService {
		return err
	}
	names := placeholders{program: c.env.Program, in: in}
	for _, n := range nextSteps() {
		if n.code != refused.Code ||
			n.operations != "" && !slices.Contains(strings.Fields(n.operations), c.op.Name) {
			continue
		}
		says, whole := names.fill(n.says, false)
		if !whole || !strings.Contains(refused.Message, says) {
			continue
		}
		if step, whole := names.fill(n.step, true); whole {
			hinted := *refused
			hinted.Next = step
			return &hinted
		}
	}
	return err
}

// placeholders are what stands for the names in braces.
type placeholders struct {
	program string
	in      *value.Object
}

// fill puts the names into a text, for a shell where that is asked for. whole is false when the
// request has one of them not as a text, or as one that a shell would not take as it is.
func (p placeholders) fill(text string, forShell bool) (filled string, whole bool) {
	whole = true
	for strings.Contains(text, "{") && whole {
		before, rest, _ := strings.Cut(text, "{")
		name, after, _ := strings.Cut(rest, "}")
		var with string
		switch name {
		case "program":
			with = p.program
		case "cli":
			with = p.program + " " + command.Services[0].Name
		default:
			with = p.in.Text(name)
			whole = with != "" && !(forShell && strings.ContainsFunc(with, shellwords.Special))
		}
		filled, text = filled+before+with, after
	}
	return filled + text, whole
}

// notRunning is what to do when nobody listens at an address of this machine.
func notRunning(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || !slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, u.Hostname()) {
		return ""
	}
	return "no server listens there; drover serve starts one"
}
