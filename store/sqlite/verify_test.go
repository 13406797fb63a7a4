package sqlite_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/store/sqlite"
)

// sound is a small store of which every invariant is true: a job with windows on two things of a
// group, one of which is deleted, with a policy, a certificate, a session and a node.
const sound = `
UPDATE counter SET reserved = 4096;
INSERT INTO thing VALUES (1, 'pump', 'u', '', '{"a":"b"}', 1, 0, 0);
INSERT INTO deleted_thing VALUES (2, 'valve');
INSERT INTO thing_group VALUES (1, 'site', 'u1', 0, '', NULL, 1, 0, '', '', ''),
	(2, 'hall', 'u2', 1, '', NULL, 1, 0, '', '', '');
INSERT INTO membership VALUES (2, 'pump', 1, 1);
INSERT INTO job (key, id, created_at, status, concurrent, selection, namespace, definition, windowed)
	VALUES (1, 'fw', 5, 'IN_PROGRESS', 1, 'CONTINUOUS', '', '{}', 1);
INSERT INTO job_document VALUES (1, '{}', NULL);
INSERT INTO job_state VALUES (1, 9, NULL,
	'{"status":"IN_PROGRESS","counts":[1,1,0,0,0,0,0,0],"due":"2026-01-01T00:00:00Z"}');
INSERT INTO job_target VALUES ('thinggroup/site', 5, 'fw', 1);
INSERT INTO continuous_target VALUES (1, 1, 1);
INSERT INTO execution (job, thing, number, status, version, attempt, used_failed, used_timed_out,
	force_canceled, queued_at, updated_at, sequence, deadline, step_deadline, times_out_at, windowed)
	VALUES (1, 1, 1, 1, 1, 1, 0, 0, 0, 5, 5, 1, 20, 10, 10, 1), (1, 2, 1, 0, 1, 1, 0, 0, 0, 5, 5, 2, NULL,
	NULL, NULL, 1);
INSERT INTO job_thing VALUES (1, 'pump', 1), (1, 'valve', 2);
INSERT INTO thing_hold VALUES (1, 'repair', 0, NULL);
INSERT INTO confirmation VALUES (1, 1, 1, 0, 9);
INSERT INTO late_joiner VALUES (1, 1);
INSERT INTO dropped_number VALUES (1, 1, 7);
INSERT INTO job_template VALUES ('t', 0, '{}', '{}');
INSERT INTO certificate VALUES ('c', '', 'ACTIVE', 'DEFAULT', 0, 0, 0, 0, NULL);
INSERT INTO principal VALUES (1, 'c', 'pump', 0);
INSERT INTO policy VALUES ('p', 1, 2, 0, 0);
INSERT INTO policy_version VALUES ('p', 1, '{}', 0);
INSERT INTO attachment VALUES ('p', 'cert', 'c', 0), ('p', 'thinggroup', 'site', 0);
INSERT INTO authorizer VALUES ('a', '{"name":"a","default":true}'), ('b', '{"name":"b"}');
INSERT INTO session_body VALUES (1, 'x');
INSERT INTO session VALUES ('pump', 1, 'v', NULL, 1);
INSERT INTO announcement (id, notices) VALUES (7, '');
INSERT INTO node VALUES (1, 'n', 'v', 0, 0, 7, 0, 1, NULL);
`

// stored makes a store and runs SQL on it.
func stored(t *testing.T, sql string) (path string) {
	t.Helper()
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "drover.db")
	db, err := sqlite3.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Exec(sql), db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// broken are the names of the invariants that are not true of a file, and what is said of them.
func broken(t *testing.T, path string) (names, faults []string) {
	t.Helper()
	v, err := sqlite.OpenVerification(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := v.Integrity(10, func(fault string) { t.Error(fault) }); err != nil {
		t.Error(err)
	}
	for _, i := range sqlite.Invariants() {
		before := len(faults)
		err := v.Check(i, func(fault string) bool {
			faults = append(faults, fault)
			return true
		})
		if err != nil {
			t.Errorf("%s: %v", i.Name, err)
		}
		if len(faults) > before {
			names = append(names, i.Name)
		}
	}
	return names, faults
}

// Every invariant is broken once, and is named with what breaks it. R-BAK-7
func TestInvariants(t *testing.T) {
	t.Parallel()
	rows := []struct{ invariant, sql, fault string }{
		{"", "", ""},
		{"each job has", "DELETE FROM job_document", "job fw has no document"},
		{"each job has", "INSERT INTO job_document VALUES (9, '', '')", "job number 9"},
		{"definitions and states", "UPDATE job SET definition = '{'", "the definition of job fw"},
		{"definitions and states", "UPDATE thing SET attributes = 'x'", "thing pump"},
		{"the status of a job", `UPDATE job_state SET state = json_set(state, '$.status', 'CANCELED')`,
			"job fw is IN_PROGRESS, and its state says CANCELED"},
		{"jobs count their", `UPDATE job_state SET state = json_set(state, '$.counts[1]', 2)`,
			"job fw counts 2 executions in status 1, and there are 1"},
		{"jobs are counted", "UPDATE job_count SET jobs = 3", "there are 1 jobs that are IN_PROGRESS, and 3"},
		{"jobs are counted", "DELETE FROM job_count", "job fw is not counted"},
		{"a job that waits", "UPDATE job_state SET due = NULL", "job number 1 is due"},
		{"a job that waits", "UPDATE job_state SET ended = 7", "job fw is IN_PROGRESS"},
		{"executions are of", "DELETE FROM deleted_thing", "thing number 2 is of a thing"},
		{"executions are in a status", "UPDATE execution SET version = 0 WHERE thing = 2", "version 0"},
		{"timers of executions", "UPDATE execution SET times_out_at = 20 WHERE thing = 1",
			"has a timer at 20, and must have 10"},
		{"timers of executions", "UPDATE execution SET times_out_at = 20 WHERE thing = 2",
			"has a timer at 20, and must have none"},
		{"executions that are pending", "UPDATE execution SET windowed = 0 WHERE thing = 2", "job fw on thing number 2"},
		{"the list of the things", "DELETE FROM job_thing WHERE thing = 2", "thing number 2 is missing"},
		{"the list of the things", "UPDATE job_thing SET name = 'x' WHERE thing = 2", "calls thing number 2 x"},
		{"the list of the things", "INSERT INTO job_thing VALUES (1, 'q', 9)", "thing q is in the list"},
		{"numbers of executions", "UPDATE dropped_number SET job = 9", "job number 9"},
		{"late joiners", "UPDATE late_joiner SET job = 9", "a late joiner is of job number 9"},
		{"late joiners", "UPDATE thing_hold SET thing = 9", "a hold is of thing number 9"},
		{"late joiners", "UPDATE confirmation SET number = 9", "execution 9 of job number 1"},
		{"targets are of jobs", "UPDATE continuous_target SET active = 0", "takes job fw for ended"},
		{"targets are of jobs", "UPDATE job_target SET job = 9", "target thinggroup/site"},
		{"targets are of jobs", "UPDATE job_target SET created_at = 9", "names job fw otherwise"},
		{"members of groups", "UPDATE membership SET name = 'x'", "thing x, which is not there"},
		{"members of groups", "UPDATE membership SET thing_group = 9", "group number 9"},
		{"groups are below", "UPDATE thing_group SET parent = 9 WHERE id = 2", "group hall"},
		{"groups are below", "UPDATE thing_group SET parent = 2 WHERE id = 1", "group site is below itself"},
		{"certificates of things", "DELETE FROM principal; INSERT INTO principal VALUES (1, 'd', 'pump', 0)",
			"certificate d of thing pump"},
		{"certificates that are removed", "INSERT INTO temporary_certificate VALUES ('d', 7, '')",
			"certificate d is to be removed"},
		{"certificates that are removed", "INSERT INTO provisioning_template VALUES ('t', '{')", "provisioning template t"},
		{"policies have", "UPDATE policy SET default_version = 2", "policy p has no version 2"},
		{"policies have", "UPDATE policy SET last_version = 0", "version 1 is of policy p"},
		{"policies have", "UPDATE attachment SET key = 'x' WHERE kind = 'thinggroup'", "thinggroup x"},
		{"authorizers have", "UPDATE authorizer SET name = 'c' WHERE name = 'a'", "authorizer c is another one"},
		{"authorizers have", `UPDATE authorizer SET definition = '{"name":"b","default":true}' WHERE name = 'b'`,
			"2 authorizers are the default"},
		{"messages of sessions", "DELETE FROM session_body", "message 1 of client pump"},
		{"messages of sessions", "INSERT INTO session_body VALUES (2, '')", "body 2"},
		{"keys that were", "UPDATE counter SET reserved = 0 WHERE kind = 4", "the sequence of an execution 2"},
		{"no node is further", "UPDATE node SET position = 5000", "node n has made announcement 5000"},
	}
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row.invariant] = true
		t.Run(row.sql, func(t *testing.T) {
			t.Parallel()
			names, faults := broken(t, stored(t, sound+row.sql))
			if row.invariant == "" {
				if diff := cmp.Diff([]string(nil), faults); diff != "" {
					t.Errorf("of a sound store (-want +got):\n%s", diff)
				}
				return
			}
			has := func(list []string, prefix, text string) bool {
				for _, line := range list {
					if strings.HasPrefix(line, prefix) && strings.Contains(line, text) {
						return true
					}
				}
				return false
			}
			if !has(names, row.invariant, "") || !has(faults, "", row.fault) {
				t.Errorf("got %q: %q, want %q: %q", names, faults, row.invariant, row.fault)
			}
		})
	}
	for _, i := range sqlite.Invariants() {
		found := false
		for prefix := range seen {
			found = found || prefix != "" && strings.HasPrefix(i.Name, prefix)
		}
		if !found {
			t.Errorf("no row breaks %q", i.Name)
		}
	}
}

// A page that has changed is a fault of the integrity, and what can be read is verified all the
// same. R-BAK-7
func TestVerifyDamagedPage(t *testing.T) {
	t.Parallel()
	path := stored(t, sound)
	flip(t, path, 5*4096+4000, 4)
	v, err := sqlite.OpenVerification(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	faults := []string{}
	err = v.Integrity(10, func(fault string) { faults = append(faults, fault) })
	if err != nil {
		faults = append(faults, err.Error())
	}
	if !strings.Contains(fmt.Sprint(faults), "8202") && !strings.Contains(fmt.Sprint(faults), "checksum") {
		t.Errorf("got %q, want a page that cannot be read", faults)
	}
}
