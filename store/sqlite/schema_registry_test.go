package sqlite

import (
	"slices"
	"testing"
)

// A file of a version before schemaRegistry: its jobs are found by kind and name of their targets, and its groups are
// static.
func TestMigrateRegistry(t *testing.T) {
	t.Parallel()
	s := migrated(t, slices.Index(migrations, schemaRegistry), `
		INSERT INTO job_target (arn, job) VALUES ('arn:aws:iot:us-east-1:000000000000:thinggroup/a:thing/b', 1),
			('arn:aws:iot:us-east-1:000000000000:thing/t', 1), ('arn:aws:iot:eu-west-1:000000000000:thing/t', 1);
		INSERT INTO thing_group (id, name, uuid, parent, description, version, created_at) VALUES (1, 'g', 'u', 0, '', 1, 0);`)
	targets, err := all(s.writer.stmt("SELECT arn FROM job_target ORDER BY arn"), (*stmt).getText)
	if err != nil || !slices.Equal(targets, []string{"thing/t", "thinggroup/a:thing/b"}) {
		t.Errorf("targets %q, %v", targets, err)
	}
	g, err := reader{s.writer, &s.keys}.GroupByName("g")
	if err != nil || g.Dynamic() || g.Work != "" {
		t.Errorf("%+v, %v", g, err)
	}
}
