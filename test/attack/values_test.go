package attack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/test/testserver"
)

// Whatever value of whatever column is damaged, in all rows of its table: the server starts and
// goes on, or says in one sentence why it does not. It never panics (R-BRK-45).
func TestDamagedColumns(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	fillStore(t, s)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Dir, "drover.db")
	sound := must[[]byte](t)(os.ReadFile(path))
	for i, column := range columnsOf(t, path) {
		for j, value := range []string{"x'FF'", "'{'", "-9223372036854775808"} {
			always := column == "counter.kind" || column == "setting.value"
			if (3*i+j)%scale(7, 1) != 0 && !always {
				continue
			}
			if err := os.WriteFile(path, sound, 0o600); err != nil {
				t.Fatal(err)
			}
			table, name, _ := strings.Cut(column, ".")
			changed := change(t, path, fmt.Sprintf("UPDATE OR IGNORE %q SET %q = %s", table, name, value))
			if changed > 0 {
				wantStartOrSentence(t, s, column+" = "+value)
			}
		}
	}
}

// wantStartOrSentence starts a server on a damaged file.
func wantStartOrSentence(t *testing.T, s *testserver.Server, what string) {
	t.Helper()
	s.StartOrEnd()
	if !s.Running() {
		line, rest, _ := strings.Cut(s.Output.String(), "\n")
		if rest != "" || !strings.HasPrefix(line, "drover: ") || !strings.Contains(line, "damaged") {
			t.Errorf("%s: printed\n%s\nwant one line that says that something is damaged", what, s.Output)
		}
		return
	}
	// Whether the list can be read depends on what is damaged.
	_, _ = s.Control().ListThings(t.Context(), &iot.ListThingsInput{})
	joinPlain(t, s, mqtt.Connect{ClientID: "device", CleanStart: true}).leave()
	if err := s.Stop(); err != nil || strings.Contains(s.Output.String(), "panic") {
		t.Errorf("%s: %v\n%s", what, err, s.Output)
	}
}

// change executes a statement on the database of a server that has ended, and returns the number of
// rows that it has changed; 0 if the schema does not allow it.
func change(t *testing.T, path, sql string) int64 {
	t.Helper()
	db := must[*sqlite3.Conn](t)(sqlite3.Open(path))
	err := db.Exec(sql)
	n := db.Changes()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		return 0
	}
	return n
}

// columnsOf lists the columns of all tables that have rows.
func columnsOf(t *testing.T, path string) (list []string) {
	t.Helper()
	db := must[*sqlite3.Conn](t)(sqlite3.Open(path))
	defer db.Close()
	query, _, err := db.Prepare(`SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c
		WHERE m.type = 'table' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer query.Close()
	for query.Step() {
		list = append(list, query.ColumnText(0))
	}
	return list
}

// fillStore makes something of nearly every kind.
func fillStore(t *testing.T, s *testserver.Server) {
	t.Helper()
	ctx, c := t.Context(), s.Control()
	s.Policy("wide", testserver.WidePolicy)
	s.Thing("a")
	s.Identify("a", "wide")
	group, err := c.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: aws.String("g")})
	if err != nil {
		t.Fatal(err)
	}
	for _, selection := range []types.TargetSelection{
		types.TargetSelectionSnapshot, types.TargetSelectionContinuous,
	} {
		must[*iot.CreateJobOutput](t)(c.CreateJob(ctx, &iot.CreateJobInput{
			JobId:           aws.String("j" + string(selection)),
			Targets:         []string{aws.ToString(group.ThingGroupArn), s.ARN("thing", "a")},
			Document:        aws.String("{}"),
			TargetSelection: selection,
		}))
	}
	must[*iot.AddThingToThingGroupOutput](t)(c.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{
		ThingGroupName: aws.String("g"), ThingName: aws.String("a")}))
	must[*iot.CreateThingTypeOutput](t)(c.CreateThingType(ctx, &iot.CreateThingTypeInput{
		ThingTypeName: aws.String("lamp")}))
	must[*iot.CreateJobTemplateOutput](t)(c.CreateJobTemplate(ctx, &iot.CreateJobTemplateInput{
		JobTemplateId: aws.String("t"), Description: aws.String("d"), Document: aws.String("{}")}))
	must[*iot.TagResourceOutput](t)(c.TagResource(ctx, &iot.TagResourceInput{
		ResourceArn: group.ThingGroupArn,
		Tags:        []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))
	must[*iot.UpdateEventConfigurationsOutput](t)(
		c.UpdateEventConfigurations(ctx, &iot.UpdateEventConfigurationsInput{
			EventConfigurations: map[string]types.Configuration{
				"JOB": {Enabled: true}, "JOB_EXECUTION": {Enabled: true}}}))
	sleep(t, s, "sleeper", "$aws/things/a/jobs/notify", "news")
	sleep(t, s, "another", "news")
	publisher := joinPlain(t, s, mqtt.Connect{ClientID: "publisher", CleanStart: true})
	publisher.publish(1, "news", strings.Repeat("x", 1000))
	must[*iot.CancelJobOutput](t)(c.CancelJob(ctx, &iot.CancelJobInput{
		JobId: aws.String("jSNAPSHOT"), Force: true}))
}
