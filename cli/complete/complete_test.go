package complete

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/shellwords"
)

// own are the commands of a program of the tests.
var own = []Own{
	{Name: "serve", About: "runs the server", Use: func(string) Use {
		return Use{Words: "[options]", Options: []OwnOption{
			{"data", "data folder of the server", "folder"},
			{"relaxed-scope", "accept any region", ""},
			{"region", "name of the region", "name"},
			{"store", "which store", "sqlite|memory"},
		}}
	}},
	{Name: "artifact", Verbs: []string{"put", "list"}, Use: func(verb string) Use {
		if verb == "put" {
			return Use{Words: "FILE [KEY] [options]", Options: []OwnOption{{"quiet", "", ""}}}
		}
		return Use{Words: "[PREFIX] [options]"}
	}},
	{Name: "job", Verbs: []string{"create"}, Use: func(string) Use {
		return Use{Words: "[options]", Options: []OwnOption{{"targets", "", "ARNs"}}}
	}},
	{Name: "completion", Use: func(string) Use { return Use{Words: "bash|zsh|fish [options]"} }},
}

// at reads a line as bash does, with the cursor at a bar; without one it is at the end.
func at(line string) Line {
	before, after, _ := strings.Cut(line, "|")
	words, open := shellwords.Split(before)
	l := Line{}
	if open {
		l.Word, words = words[len(words)-1], words[:len(words)-1]
	}
	l.Before = words
	l.After, _ = shellwords.Split(after)
	return l
}

// shown is an answer as one text: candidates, with … where the word goes on, and what is wanted.
func shown(a Answer) string {
	var parts []string
	for _, c := range a.Candidates {
		if c.Open {
			c.Text += "…"
		}
		parts = append(parts, c.Text)
	}
	if a.Files {
		parts = append(parts, "FILES")
	}
	if w := a.Wanted; w != nil {
		if w.Local != NoLocal {
			parts = append(parts, [...]string{"", "PROFILES", "REGIONS", "PATHS"}[w.Local]+"("+w.Prefix+")")
		}
		for _, l := range w.Lists {
			text := l.Operation.OperationName()
			for _, name := range []string{"thingName", "jobId", "policyName", "namePrefixFilter", "queryString"} {
				if v, ok := l.Parameters[name]; ok {
					text += " " + name + "=" + v
				}
			}
			parts = append(parts, "<"+text+">")
		}
	}
	return strings.Join(parts, " ")
}

// Lines and what may stand at their ends (R-CMD-145).
func TestComplete(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ line, want string }{
		// Commands.
		{"", "iot iot-jobs-data serve artifact job completion configure version help"},
		{"io", "iot iot-jobs-data"},
		{"aws ", "iot iot-jobs-data configure help"},
		{"configure bogus ", ""},
		{"configure set a b ", ""},
		{"serve --data x --store ", "sqlite memory"},
		{"serve --bogus --relax", "--relaxed-scope"},
		{"help ", "iot iot-jobs-data serve artifact job completion configure version"},
		{"help artifact ", "put list"},
		{"iot describe-th", "describe-thing describe-thing-type describe-thing-group"},
		{"--region x iot --output json list-job-t", "list-job-templates"},
		{"iot-jobs-data ", "describe-job-execution get-pending-job-executions " +
			"start-next-pending-job-execution update-job-execution help"},
		{"bogus ", ""},
		{"iot bogus --", "--debug --endpoint-url --no-verify-ssl --no-paginate --output --query --profile " +
			"--region --version --color --no-sign-request --ca-bundle --cli-read-timeout " +
			"--cli-connect-timeout --no-cli-pager --cli-error-format"},

		// Options: required ones first, none twice, global ones behind a dash.
		{"iot cancel-job ", "--job-id --reason-code --comment --force --no-force --cli-input-json " +
			"--cli-input-yaml --generate-cli-skeleton --wait --wait-timeout help"},
		{"iot cancel-job --job-id j --no-force ", "--reason-code --comment --cli-input-json " +
			"--cli-input-yaml --generate-cli-skeleton --wait --wait-timeout help"},
		{"iot cancel-job --f", "--force"},
		{"iot cancel-job --|  --job-id j", "--reason-code --comment --force --no-force --cli-input-json " +
			"--cli-input-yaml --generate-cli-skeleton --wait --wait-timeout " +
			"--debug --endpoint-url --no-verify-ssl --no-paginate " +
			"--output --query --profile --region --version --color --no-sign-request --ca-bundle " +
			"--cli-read-timeout --cli-connect-timeout --no-cli-pager --cli-error-format"},
		{"iot cancel-job -- --", ""},
		{"iot list-jobs --max", "--max-items"}, // the service's own size of a page is hidden

		// Values that are known.
		{"iot list-jobs --status ", "IN_PROGRESS CANCELED COMPLETED DELETION_IN_PROGRESS SCHEDULED"},
		{"iot list-jobs --stat IN", "IN_PROGRESS"}, // an abbreviation
		{"iot list-jobs --status=C", "--status=CANCELED --status=COMPLETED"},
		{"--output y", "yaml yaml-stream"},
		{"iot --color=", "--color=on --color=off --color=auto"},
		{"iot list-jobs --max-items ", ""},
		{"iot cancel-job --generate-cli-skeleton ", "input yaml-input output"},

		// Values that stand in files.
		{"--profile p", "PROFILES(p)"},
		{"iot --region=eu", "REGIONS(eu)"},
		{"--ca-bundle ", "FILES"},
		{"iot create-keys-and-certificate --private-key-outfile ", "FILES"},
		{"iot create-job --document ", "file://…"},
		{"iot create-job --document file://d/", "PATHS(d/)"},
		{"iot create-job --description file://d", "PATHS(d)"},
		{"iot create-job --description ", ""},
		{"iot create-job --cli-input-json ", "file://…"},

		// Values that the server knows.
		{"iot describe-job --job-id he", "<ListJobs>"},
		{"iot create-job --job-id ", ""}, // the name is new
		{"iot create-thing --thing-name ", ""},
		{"iot create-thing --thing-name t --thing-type-name ", "<ListThingTypes>"},
		{"iot create-thing-group --parent-group-name no", "<ListThingGroups namePrefixFilter=no>"},
		{"iot describe-thing --thing-name ", "<ListThings>"},
		{"iot describe-thing --thing-name pu", "<ListThings> <SearchIndex queryString=thingName:pu*>"},
		{"iot describe-thing --thing-name a:b", "<ListThings>"},
		{"iot describe-job-execution --thing-name t --job-id ", "<ListJobExecutionsForThing thingName=t>"},
		{"iot describe-job-execution --job-id j --thing-name ", "<ListJobExecutionsForJob jobId=j>"},
		{"iot describe-job-execution --job-id j --thing-name t --execution-number ",
			"<ListJobExecutionsForThing thingName=t jobId=j>"},
		{"iot-jobs-data update-job-execution --thing-name t --job-id ",
			"<ListJobExecutionsForThing thingName=t>"},
		{"iot create-job --targets arn:aws:iot:r:a:thinggroup/no",
			"<ListThings> <ListThingGroups namePrefixFilter=no>"},
		{"iot create-job --targets arn:x ", "--job-id --document-source --document --description " +
			"--presigned-url-config --target-selection --job-executions-rollout-config --abort-config " +
			"--timeout-config --tags --namespace-id --job-template-arn --job-executions-retry-config " +
			"--document-parameters --scheduling-config --destination-package-versions --cli-input-json " +
			"--cli-input-yaml --generate-cli-skeleton --wait --wait-timeout <ListThings> <ListThingGroups>"},
		{"iot create-job --job-template-arn ", "<ListJobTemplates> <ListManagedJobTemplates>"},
		{"iot attach-policy --policy-name ", "<ListPolicies>"},
		{"iot attach-policy --target ", "<ListThingGroups> <ListCertificates>"},
		{"iot get-policy-version --policy-name p --policy-version-id ", "<ListPolicyVersions policyName=p>"},
		{"iot get-policy-version --policy-version-id ", ""},
		{"iot describe-certificate --certificate-id ", "<ListCertificates>"},
		{"iot attach-thing-principal --principal ", "<ListCertificates>"},
		{"iot describe-billing-group --billing-group-name ", "<ListBillingGroups>"},
		{"iot describe-job-template --job-template-id ", "<ListJobTemplates>"},
		{"iot describe-managed-job-template --template-name ", "<ListManagedJobTemplates>"},

		// Own commands.
		{"artifact ", "put list"},
		{"artifact put ", "FILES"},
		{"artifact put x ", "--quiet"},
		{"artifact put --q", "--quiet"},
		{"artifact bogus ", ""},
		{"serve --data ", "FILES"},
		{"serve --re", "--relaxed-scope --region"},
		{"serve --relaxed-scope --re", "--region"},
		{"serve --region ", "REGIONS()"},
		{"serve --store=m", "--store=memory"},
		{"job create --targets ", "<ListThings> <ListThingGroups>"},
		{"completion ", "bash zsh fish"},
		{"completion f", "fish"},
		{"configure ", "set get list list-profiles import export-credentials"},
		{"configure get reg", "region"},
		{"configure set output t", "text table"},
		{"configure set region ", "REGIONS()"},
		{"configure list ", ""},
		{"configure import --s", "--skip-invalid"},
		{"configure export-credentials --format f", "fish"},
	} {
		a := Complete(Program{Name: "drover", Own: own}, at(row.line), false)
		if diff := cmp.Diff(row.want, shown(a)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", row.line, diff)
		}
	}
}

// Values in shorthand, as far as they are written (R-CMD-145).
func TestShorthand(t *testing.T) {
	t.Parallel()
	const abort = "failureType=… action=… thresholdPercentage=… minNumberOfExecutedThings=…"
	for _, row := range []struct{ option, text, want string }{
		{"--abort-config", "", "criteriaList=…"},
		{"--abort-config", "x", ""},
		{"--abort-config", "criteriaList=", "[{" + strings.ReplaceAll(abort, " ", " [{")},
		{"--abort-config", "criteriaList=[{", abort},
		{"--abort-config", "criteriaList={", abort},
		{"--abort-config", "criteriaList=[{failureType=FAILED,", strings.TrimPrefix(abort, "failureType=… ")},
		{"--abort-config", "criteriaList=[{failureType=", "FAILED… REJECTED… TIMED_OUT… ALL…"},
		{"--abort-config", "criteriaList=[{failureType='FA", ""},
		{"--abort-config", "criteriaList=[{failureType='FAILED'", ""},
		{"--abort-config", "criteriaList=[{failureType=FAILED}, {a", "action=…"},
		{"--abort-config", "criteriaList=[{failureType=FAILED}]", ""},
		{"--abort-config", `{"criteriaList":`, ""},
		{"--abort-config", "bogus=[{", ""},
		{"--abort-config", "]}],=", ""},
		{"--job-executions-rollout-config", "maximumPerMinute=5,", "exponentialRate=…"},
		{"--job-executions-rollout-config", "exponentialRate=", "{baseRatePerMinute=… " +
			"{incrementFactor=… {rateIncreaseCriteria=…"},
		{"--job-executions-rollout-config", "exponentialRate={rateIncreaseCriteria={numberOfN",
			"numberOfNotifiedThings=…"},
		{"--job-executions-rollout-config", "exponentialRate={rateIncreaseCriteria={a=1},b", "baseRatePerMinute=…"},
		{"--tags", "Key=a,", "Value=…"},
		{"--tags Key=a", "K", "Key=…"},
		{"--document-parameters", "", ""},
		{"--scheduling-config", "endBehavior=", "STOP_ROLLOUT… CANCEL… FORCE_CANCEL…"},
	} {
		l := at("iot create-job " + row.option + " ")
		l.Word = row.text
		var got []string
		for _, c := range Complete(Program{}, l, false).Candidates {
			if c.Text = strings.TrimPrefix(c.Text, row.text[:strings.LastIndexAny(row.text, "=,{ ")+1]); c.Open {
				c.Text += "…"
			}
			got = append(got, c.Text)
		}
		if diff := cmp.Diff(row.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", row.option, row.text, diff)
		}
	}
}

// Every operation is offered with every option that help shows, and described (R-CMD-145).
func TestWholeTable(t *testing.T) {
	t.Parallel()
	for _, s := range command.Services {
		texts := map[string]string{}
		for _, c := range Complete(Program{}, Line{Before: []string{s.Name}}, true).Candidates {
			texts[c.Text] = c.About
		}
		for _, op := range s.All() {
			name := command.Dashed(op.Name)
			if texts[name] == "" {
				t.Errorf("%s is not offered, or not described", name)
			}
			line := Line{Before: []string{s.Name, name}, Word: "--"}
			var got []string
			for _, c := range Complete(Program{}, line, true).Candidates {
				got = append(got, c.Text)
				if c.About == "" {
					t.Errorf("%s %s is not described", name, c.Text)
				}
			}
			for _, o := range slices.Concat(command.Options(op), command.Globals) {
				if o.Hidden == slices.Contains(got, "--"+o.Name) {
					t.Errorf("%s: --%s is offered: %v", name, o.Name, !o.Hidden)
				}
			}
		}
	}
}

// The lists only read, have the members that the table names, and each type in the table is there
// (R-CMD-146, R-CMD-148).
func TestSources(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, s := range command.Services {
		for _, op := range s.All() {
			for _, m := range op.Input.Members {
				used[m.Name], used[elementOf(m.Shape).Name] = true, true
				used[m.Shape.Name] = true
			}
		}
	}
	for _, from := range sources() {
		op := from.list.Describe()
		if !strings.HasPrefix(op.Name, "List") && op.Name != "SearchIndex" {
			t.Errorf("%s may change something", op.Name)
		}
		for _, name := range from.types {
			if !used[name] {
				t.Errorf("%s: nothing has the type %s", op.Name, name)
			}
		}
		items := op.Output.Member(List{Operation: from.list}.Items(op))
		if items == nil {
			t.Errorf("%s has no list", op.Name)
			continue
		}
		for _, path := range []string{from.item, from.about} {
			shape := items.Shape.Elem
			for name := range strings.SplitSeq(path, ".") {
				if m := shape.Member(name); path != "" && m == nil {
					t.Errorf("%s: no %s in %s", op.Name, path, shape.Name)
				} else if path != "" {
					shape = m.Shape
				}
			}
		}
		for _, name := range slices.Concat(from.needs, []string{from.prefix}) {
			if name != "" && op.Input.Member(name) == nil {
				t.Errorf("%s takes no %s", op.Name, name)
			}
		}
		for _, maker := range from.makers {
			if command.Find(command.Services[0], command.Dashed(maker)) == nil {
				t.Errorf("there is no %s", maker)
			}
		}
	}
}

// A line of any form is completed without a failure.
func FuzzComplete(f *testing.F) {
	for _, line := range []string{
		"iot create-job --abort-config criteriaList=[{failureType=", "--output", "iot x -- y ", "help help",
		"artifact put --quiet=x ", "configure set a.b ", "iot create-job --tags Key=a ] } = , '",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		a := Complete(Program{Name: "drover", Own: own}, at(line), false)
		for _, c := range a.Candidates {
			if !strings.HasPrefix(c.Text, at(line).Word) {
				t.Errorf("%q does not go on from %q", c.Text, line)
			}
		}
	})
}

// What completion costs beside the server.
func BenchmarkComplete(b *testing.B) {
	for name, line := range map[string]string{
		"operations": "iot ",
		"options":    "iot create-job --",
		"shorthand":  "iot create-job --abort-config criteriaList=[{failureType=",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Complete(Program{Name: "drover", Own: own}, at(line), true)
			}
		})
	}
}
