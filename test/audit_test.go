package test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3"
	_ "github.com/ncruces/go-sqlite3/driver" // not used by name: it brings SQLite itself

	"github.com/drover-iot/drover/test/testserver"
)

// The audit log from outside: what its commands print, and that whoever changes the database is
// found out.

// line is the command line of an operator of the server.
func (s *server) line(t *testing.T) commandLine {
	home := t.TempDir()
	return commandLine{t: t, program: []string{testserver.Binary}, env: s.environment(home), dir: home}
}

// TestAuditLog lists, exports and verifies, follows operator keys, and finds changes of the database
// and of an export.
func TestAuditLog(t *testing.T) { // R-AUD-1, R-AUD-2, R-AUD-3
	t.Parallel()
	s := serve(t)
	c := s.line(t)
	made := c.json("iot", "create-keys-and-certificate", "--set-as-active")
	c.ok("iot", "create-thing", "--thing-name", "pump-07")
	c.ok("iot", "update-thing", "--thing-name", "pump-07", "--attribute-payload", "attributes={site=north}")
	ci := madeKey(t, keys(s.Server, "create", "--name", "ci"))
	eventually(t, "the new key is recorded", func() bool {
		return strings.Contains(c.ok("audit", "list", "--resource", "key/"+ci.AccessKeyID), "CreateOperatorKey")
	})
	keys(s.Server, "delete", ci.AccessKeyID)
	eventually(t, "the deleted key is recorded", func() bool {
		return strings.Contains(c.ok("audit", "list", "--resource", "key/"+ci.AccessKeyID), "DeleteOperatorKey")
	})

	text := c.ok("audit", "list", "--resource", "thing/pump-07")
	wantText(t, text, "NUMBER  TIME ", "operator  UpdateThing", "thing/pump-07  attributes, version",
		"operator  CreateThing", "new")
	if strings.Contains(text, "Key") || strings.Index(text, "UpdateThing") > strings.Index(text, "CreateThing") {
		t.Errorf("the list of one thing, newest first, is\n%s", text)
	}
	newest := c.json("audit", "list", "--limit", "1", "--resource", "thing/pump-07", "--output", "json")
	records := newest["records"].([]any)
	record := records[0].(map[string]any)
	if len(records) != 1 || record["accessKeyId"] != s.AccessKeyID || record["sourceAddress"] != "127.0.0.1" ||
		fmt.Sprint(record["before"], record["after"]) != "map[attributes:map[] version:1] map[attributes:map[site:north] version:2]" {
		t.Errorf("the newest record is %v", record)
	}

	head := strings.TrimSpace(c.ok("audit", "head"))
	export := c.ok("audit", "export")
	for _, secret := range []string{made["keyPair"].(map[string]any)["PrivateKey"].(string), ci.SecretAccessKey, s.SecretAccessKey} {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) > 30 && strings.Contains(export, line) {
				t.Errorf("a record has %s in it", line)
			}
		}
	}
	c.write("audit.jsonl", export)
	fits := fmt.Sprintf("All 6 records fit, from 1 to 6.\nThe head is %s\n", head)
	for _, args := range [][]string{
		{"audit", "verify"},
		{"audit", "verify", "--head", head},
		{"audit", "verify", "--file", "audit.jsonl"},
		{"audit", "verify", "--file", "audit.jsonl", "--head", strings.Replace(head, " ", ":", 1)},
	} {
		if got := c.ok(args...); got != fits {
			t.Errorf("%v: %q, want %q", args, got, fits)
		}
	}
	misfit := func(want string, args ...string) {
		t.Helper()
		out, problem, status := c.run(args...)
		if status != 1 || !strings.Contains(problem, "the audit log is not as it was made: "+want) {
			t.Errorf("%v: status %d, %s%s, want %s", args, status, out, problem, want)
		}
	}
	c.write("changed.jsonl", strings.Replace(export, "north", "south", 1))
	misfit("record 4: ", "audit", "verify", "--file", "changed.jsonl")
	lines := strings.SplitAfter(export, "\n")
	c.write("removed.jsonl", strings.Join(append(lines[:2:2], lines[3:]...), ""))
	misfit("record 3: it is missing", "audit", "verify", "--file", "removed.jsonl")
	c.write("cut.jsonl", strings.Join(lines[:3], ""))
	misfit("record 4: it is missing", "audit", "verify", "--file", "cut.jsonl", "--head", head)

	for _, row := range []struct{ sql, want string }{
		{"UPDATE audit_page SET records = replace(records, 'north', 'south')", "record 4: what it says"},
		{"DELETE FROM audit_page WHERE first = (SELECT max(first) FROM audit_page)", "record 6: it is missing"},
		{"DELETE FROM audit_page", "record 1: it is missing"},
	} {
		s.changeDatabase(t, row.sql)
		c = s.line(t) // it listens elsewhere now
		misfit(row.want, "audit", "verify", "--head", head)
	}
}

// changeDatabase changes the database of a server while that does not run, and starts it again. What
// was there before is there again after the test of it.
func (s *server) changeDatabase(t *testing.T, sql string) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Dir, "drover.db")
	saved := path + ".saved"
	whole, err := os.ReadFile(saved)
	if err != nil {
		whole = must[[]byte](t)(os.ReadFile(path))
	}
	if err := os.WriteFile(saved, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Clone(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	db := must[*sqlite3.Conn](t)(sqlite3.Open(path))
	err = db.Exec(sql)
	if closed := db.Close(); err == nil {
		err = closed
	}
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
}

// Several servers on one database keep one chain, and a command that changes operator keys adds to
// it, also while no server runs.
func TestAuditLogOfNodes(t *testing.T) { // R-AUD-1, R-AUD-2
	t.Parallel()
	all := nodes(t, 2)
	var group sync.WaitGroup
	for i, s := range all {
		group.Go(func() {
			for k := range 20 {
				s.Thing(fmt.Sprintf("pump-%d-%d", i, k))
			}
		})
	}
	group.Wait()
	ci := madeKey(t, keys(all[0].Server, "create", "--name", "ci"))
	for _, s := range all {
		c := s.line(t)
		wantText(t, c.ok("audit", "verify"), "All 42 records fit, from 1 to 42.")
		wantText(t, c.ok("audit", "list", "--limit", "1"), "drover keys  CreateOperatorKey  key/"+ci.AccessKeyID+"  new")
	}
	for _, s := range all {
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	keys(all[1].Server, "delete", ci.AccessKeyID)
	all[0].Start()
	eventually(t, "the server answers", func() bool { _, _, status := all[0].line(t).run("audit", "head"); return status == 0 })
	c := all[0].line(t)
	wantText(t, c.ok("audit", "verify"), "All 43 records fit, from 1 to 43.")
	wantText(t, c.ok("audit", "list", "--limit", "1"), "drover keys  DeleteOperatorKey  key/"+ci.AccessKeyID+"  gone")
}
