package test

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testpostgres"
	"github.com/drover-iot/drover/test/testserver"
)

// The server on PostgreSQL: that it does there what it does on the embedded store, which databases
// it refuses, and that nobody gets to see the password (R-NODE-1, R-NODE-2).

// These tests run once more with servers on PostgreSQL: the crash test, and those that are quick and
// of which each uses another part of the store. make postgres runs all tests so, on each version.
func TestOnPostgres(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"abort":             TestAbort,
		"bad input":         TestBadInput,
		"bridge":            TestBridge,
		"clock":             TestClock,
		"connected things":  TestConnectedThings,
		"continuous":        TestContinuous,
		"crash":             TestCrash,
		"events":            TestEvents,
		"executions":        TestExecutionOnTheWire,
		"jobs":              TestJobOnTheWire,
		"lists":             TestLists,
		"managed templates": TestManagedTemplates,
		"notifications":     TestNotifications,
		"redelivery":        TestConstantTokenAndRedelivery,
		"registry":          TestRegistryRefuses,
		"rollout":           TestRolloutToTheTick,
		"search":            TestSearchAndRestart,
		"sessions":          TestSessionOutlivesServer,
		"sweeps":            TestSweepsSurviveKills,
		"templates":         TestJobTemplates,
		"thirty days":       TestThirtyDays,
		"timers":            TestTimersToTheSecond,
		"unacknowledged":    TestUnacknowledgedNotificationOutlivesKill,
		"updates":           TestUpdateRefusals,
		"walk":              TestWalk,
		"webhook":           TestWebhook,
		"wire":              TestWire,
	} {
		t.Run(name, test)
	}
}

// refusedStore starts a server that must refuse its database within seconds: with status 1 and one
// line that says why, and without the password.
func refusedStore(t *testing.T, store, want string) {
	t.Helper()
	s := testserver.New(t)
	s.Store = store
	begun := time.Now()
	status, printed := s.Refused()
	line, rest, _ := strings.Cut(printed, "\n")
	if status != 1 || rest != "" || !strings.HasPrefix(line, "drover: ") || !strings.Contains(line, want) {
		t.Errorf("status %d, printed:\n%s\nwant status 1 and one line with %q", status, printed, want)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("refused after %v only: %s", took, line)
	}
	if strings.Contains(printed, testpostgres.Password) || strings.Contains(printed, wrongPassword) {
		t.Errorf("the password is printed: %s", printed)
	}
}

const wrongPassword = "swordfish"

// A database that is not there, that does not let the server in, or that is too old or too new, is
// refused in one sentence (R-NODE-2).
func TestRefusedDatabases(t *testing.T) {
	t.Parallel()
	server := testpostgres.Shared(t, testpostgres.Oldest)
	silent := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	t.Cleanup(func() { _ = silent.Close() })
	free := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	nobody := free.Addr().String()
	_ = free.Close()

	// An older server is one that says so: this schema is looked up before that of the system.
	older := server.Schema(t, t.TempDir())
	schema := must[*url.URL](t)(url.Parse(older)).Query().Get("search_path")
	server.Exec(t, "CREATE FUNCTION "+schema+`.current_setting(name text) RETURNS text LANGUAGE sql AS
		$$SELECT CASE name WHEN 'server_version_num' THEN '140012'
			ELSE pg_catalog.current_setting(name) END$$`)
	older += ",pg_catalog"

	newer := testserver.New(t)
	newer.Store = server.Schema(t, newer.Dir)
	newer.Start()
	newer.Kill()
	schema = must[*url.URL](t)(url.Parse(newer.Store)).Query().Get("search_path")
	server.Exec(t, "UPDATE "+schema+".schema_version SET version = 9999")

	for _, row := range []struct{ name, store, want string }{
		{"no server", "postgres://u:" + wrongPassword + "@" + nobody + "/d", nobody + ": connect: connection refused"},
		{"a server that is silent", "postgres://u:" + wrongPassword + "@" + silent.Addr().String() + "/d", "has not answered within 5s"},
		{"no such host", "postgres://u:" + wrongPassword + "@db.invalid/d", "db.invalid:5432: "},
		{"a wrong password", server.Guarded(t, wrongPassword), `password authentication failed for user "guarded"`},
		{"no password", strings.Replace(server.Guarded(t, ""), ":@", "@", 1), "password"},
		{"an unknown user", server.URL("nobody-knows", nil), `role "nobody-knows" does not exist`},
		{"an unknown database", strings.Replace(server.URL("drover", nil), "/postgres?", "/fleet?", 1), `database "fleet" does not exist`},
		{"an unknown schema", server.URL("drover", url.Values{"search_path": {"none"}}), "no schema of the search path exists"},
		{"a parameter that is none", "postgres://u:" + wrongPassword + "@" + nobody + "/d?sslmode=perhaps", "parameters such as sslmode"},
		{"no URL", "host=db password=" + wrongPassword, "DROVER_STORE: must be a URL like postgres://"},
		{"commits that are lost", server.URL("drover", url.Values{"synchronous_commit": {"off"}}), "synchronous_commit=off and would lose"},
		{"an older server", older, "PostgreSQL 14, and Drover needs 15 or later"},
		{"a newer schema", newer.Store, "written by a newer Drover: its schema is at version 9999"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			refusedStore(t, row.store, row.want)
		})
	}
}

// A server that does not sync, and a standby, are refused too (R-NODE-2).
func TestRefusedServers(t *testing.T) {
	t.Parallel()
	server := testpostgres.New(t, testpostgres.Newest, "fsync=off")
	refusedStore(t, server.URL("drover", nil), "fsync=off and would lose")
	server.Standby(t)
	refusedStore(t, server.URL("drover", nil), "is a standby that cannot be written; name the primary")
}

// A server keeps in the database what the API changes, and the keys. Whoever has the same
// user's rights sees no password: not in the log, not in the command line of the process, not in a
// file of the data folder. A second server on the folder is refused, and so is one without the
// database, which would begin anew (R-NODE-1).
func TestServeOnPostgres(t *testing.T) {
	t.Parallel()
	for _, version := range testpostgres.Versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			testServeOnPostgres(t, testpostgres.Shared(t, version))
		})
	}
}

func testServeOnPostgres(t *testing.T, server *testpostgres.Server) {
	s := testserver.New(t)
	s.Store = server.Guarded(t, testpostgres.Password)
	s.Start("--log", "debug")
	s.Thing("pump-07")
	wantText(t, s.Output.String(), "database", "postgres://guarded@/postgres\n")
	wantNoPassword(t, s)
	if _, err := os.Stat(filepath.Join(s.Dir, "drover.db")); err == nil {
		t.Error("there is a file of the embedded store beside the database")
	}

	second := testserver.New(t)
	second.Dir, second.Store = s.Dir, s.Store
	if status, printed := second.Refused(); status != 1 || !strings.Contains(printed, "is in use by another drover") {
		t.Errorf("a second server on the folder: status %d, %s", status, printed)
	}
	s.Kill()
	embedded := testserver.New(t)
	embedded.Dir, embedded.Store = s.Dir, ""
	if status, printed := embedded.Refused(); status != 1 || !strings.Contains(printed, "are in a database: name it with --store or DROVER_STORE") {
		t.Errorf("without the database: status %d, %s", status, printed)
	}

	s.Start()
	s.Policy("all", testserver.WidePolicy)
	s.Identify("pump-07", "all") // the thing is still there
	if strings.Contains(s.Output.String(), "An operator key was made") {
		t.Error("the second start greets as the first does")
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	wantNoPassword(t, s)
}

// wantNoPassword looks for the password where others might find it.
func wantNoPassword(t *testing.T, s *testserver.Server) {
	t.Helper()
	if strings.Contains(s.Output.String(), testpostgres.Password) {
		t.Errorf("the password is printed:\n%s", s.Output)
	}
	arguments, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.PID), "cmdline"))
	if err == nil && strings.Contains(string(arguments), testpostgres.Password) {
		t.Errorf("the password is in the command line: %q", arguments)
	}
	files := must[[]string](t)(filepath.Glob(filepath.Join(s.Dir, "*")))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(text), testpostgres.Password) {
			t.Errorf("the password is in %s", file)
		}
	}
}

// wantText fails unless a text has all of these.
func wantText(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

// A password on the command line is warned of: other users can read it there (R-NODE-1).
func TestPasswordOnCommandLine(t *testing.T) {
	t.Parallel()
	server := testpostgres.Shared(t, testpostgres.Oldest)
	s := testserver.New(t)
	store := must[*url.URL](t)(url.Parse(server.Schema(t, s.Dir)))
	store.User = url.UserPassword("drover", testpostgres.Password)
	s.Store = ""
	s.Start("--store", store.String())
	eventually(t, "a warning", func() bool { return strings.Contains(s.Output.String(), "use DROVER_STORE") })
	if strings.Contains(s.Output.String(), testpostgres.Password) {
		t.Errorf("the password is printed:\n%s", s.Output)
	}
}
