// Package testpostgres starts servers of PostgreSQL for the tests of one package: each in a
// temporary folder, on a socket, with the settings that it has after its installation. A test of
// what the network does starts one that listens on TCP as well, and may have another follow it.
//
// A test binary calls Main in its TestMain, or Run where something else has a Main too. Schema
// then gives each test an empty store of its own; a server starts when a test needs it first, and
// one whose programs are not installed fails that test. start.go is how a server starts, faults.go
// how it is killed, stopped, copied and promoted.
package testpostgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Oldest and Newest are the versions of PostgreSQL that are tested: the oldest that Drover works
// with, and the newest that there is.
const Oldest, Newest = "15", "18"

// Versions are both.
var Versions = []string{Oldest, Newest}

// Asked is the version that all tests of servers are to run on: make postgres sets it. It is empty
// when only those tests run on PostgreSQL that always do.
var Asked = os.Getenv("DROVER_TEST_POSTGRES")

// An instance is the server of one version that all tests of a binary share.
type instance struct {
	start  sync.Once
	server *Server
	err    error
}

var instances = map[string]*instance{Oldest: {}, Newest: {}}

// Main runs the tests, stops the servers that they used, and ends the process.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run runs the tests, stops the servers that they used, and returns the status to end with.
func Run(m *testing.M) (status int) {
	status = m.Run()
	for version, i := range instances {
		if i.server == nil {
			continue
		}
		if err := i.server.Remove(); err != nil {
			fmt.Fprintf(os.Stderr, "stop PostgreSQL %s: %v\n", version, err)
			status = 1
		}
	}
	return status
}

// Shared returns the server of a version that all tests of the binary share.
func Shared(t testing.TB, version string) *Server {
	t.Helper()
	i := instances[version]
	if i == nil {
		t.Fatalf("PostgreSQL %s is none of the versions for tests, %v", version, Versions)
	}
	i.start.Do(func() {
		var dir string
		if dir, i.err = os.MkdirTemp("", "drover-pg-"); i.err != nil {
			return
		}
		i.server, i.err = create(dir, version)
		if i.err == nil {
			i.err = i.server.start()
		}
	})
	if i.err != nil {
		t.Fatalf("start PostgreSQL %s: %v", version, i.err)
	}
	return i.server
}

// New returns a server of its own for one test, which is stopped when the test ends.
func New(t testing.TB, version string, settings ...string) *Server {
	t.Helper()
	s := Stopped(t, version)
	if err := s.start(settings...); err != nil {
		t.Fatalf("start PostgreSQL %s: %v", version, err)
	}
	return s
}

// Stopped returns a server of its own for one test that is not started.
func Stopped(t testing.TB, version string) *Server {
	t.Helper()
	s, err := prepare(version)
	if err != nil {
		t.Fatalf("prepare PostgreSQL %s: %v", version, err)
	}
	t.Cleanup(func() { _ = s.Remove() }) // it may have been stopped
	return s
}

// Start returns a server for a program that is no test, which has to remove it.
func Start(version string, settings ...string) (*Server, error) {
	s, err := prepare(version)
	if err != nil {
		return nil, err
	}
	if err := s.start(settings...); err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

// prepare makes the folder of a server.
func prepare(version string) (*Server, error) {
	// The path of a socket is short, and that of t.TempDir is not.
	dir, err := os.MkdirTemp("", "drover-pg-")
	if err != nil {
		return nil, err
	}
	s, err := create(dir, version)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// Schema makes an empty schema on the version that was asked for, or the oldest, and returns the URL
// of a store in it.
func Schema(t testing.TB) string {
	t.Helper()
	return Shared(t, cmp.Or(Asked, Oldest)).Schema(t, t.Name()+t.TempDir())
}

// Schema returns the URL of a store in the schema of a name, which is made when there is none.
func (s *Server) Schema(t testing.TB, name string) string {
	t.Helper()
	schema := schemaOf(name)
	s.Exec(t, "CREATE SCHEMA IF NOT EXISTS "+schema)
	return s.URL("drover", url.Values{"search_path": {schema}})
}

// schemaOf is the name of the schema for a name, which may be longer than PostgreSQL's are.
func schemaOf(name string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return fmt.Sprintf("s%x", h.Sum64())
}

// Guarded makes the role Guarded, and returns the URL of a store in an empty schema of that role
// for a password.
func (s *Server) Guarded(t testing.TB, password string) string {
	t.Helper()
	s.guard.Do(func() {
		s.Exec(t, "CREATE ROLE "+Guarded+" LOGIN PASSWORD '"+Password+"'")
	})
	schema := schemaOf(t.Name() + t.TempDir())
	s.Exec(t, "CREATE SCHEMA "+schema+" AUTHORIZATION "+Guarded)
	return s.URL(Guarded+":"+password, url.Values{"search_path": {schema}})
}

// URL is that of the server's database for a user, with parameters.
func (s *Server) URL(user string, parameters url.Values) string {
	query := url.Values{"host": {s.dir}}
	if s.port != 0 { // which names the socket, too
		query.Set("port", strconv.Itoa(s.port))
	}
	for name, values := range parameters {
		query[name] = values
	}
	return "postgres://" + user + "@/postgres?" + query.Encode()
}

// Exec runs statements as the owner of the server.
func (s *Server) Exec(t testing.TB, statements ...string) {
	t.Helper()
	db, err := pgx.Connect(context.Background(), s.URL("drover", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.Background()) }()
	for _, sql := range statements {
		if _, err := db.Exec(context.Background(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// Remove stops the server and removes its folder.
func (s *Server) Remove() error {
	err := s.stop("immediate")
	_ = os.RemoveAll(s.dir) // best effort: it is a temporary folder
	return err
}
