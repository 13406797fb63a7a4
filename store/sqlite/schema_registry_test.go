package sqlite

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A file of a version before schemaRegistry: its jobs are found by kind and name of their targets, and its groups are
// static.
func TestMigrateRegistry(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "drover.db")
	old, err := connect(path, readerCache)
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Index(migrations, schemaRegistry)
	script := strings.Join(migrations[:before], ";") + fmt.Sprintf("; PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, before) + `
		INSERT INTO job_target (arn, job) VALUES ('arn:aws:iot:us-east-1:000000000000:thinggroup/a:thing/b', 1),
			('arn:aws:iot:us-east-1:000000000000:thing/t', 1), ('arn:aws:iot:eu-west-1:000000000000:thing/t', 1);
		INSERT INTO thing_group (id, name, uuid, parent, description, version, created_at) VALUES (1, 'g', 'u', 0, '', 1, 0);`
	if err := old.db.Exec(script); err != nil {
		t.Fatal(err)
	}
	if err := old.close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	targets, err := all(s.writer.stmt("SELECT arn FROM job_target ORDER BY arn"), (*stmt).getText)
	if err != nil || !slices.Equal(targets, []string{"thing/t", "thinggroup/a:thing/b"}) {
		t.Errorf("targets %q, %v", targets, err)
	}
	g, err := reader{s.writer, &s.keys}.GroupByName("g")
	if err != nil || g.Dynamic() || g.Work != "" {
		t.Errorf("%+v, %v", g, err)
	}
}
