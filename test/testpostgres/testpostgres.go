// Package testpostgres starts a PostgreSQL of its own for the tests of one package: in a temporary
// folder, on a socket, with the settings that it has after its installation.
package testpostgres

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// binariesVariable names the folder of the programs of PostgreSQL, when it is not one of folders.
const binariesVariable = "DROVER_TEST_POSTGRES"

// folders are where the programs are looked for: as the test set-up installs them, and as Debian
// does.
var folders = []string{".tools/postgres/bin", "/usr/lib/postgresql/*/bin"}

// instance is the folder of the socket, once Main has started the server.
var instance string

// Main starts a server, runs the tests and stops it.
func Main(m *testing.M) {
	status, err := withServer(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "start PostgreSQL for the tests:", err)
		status = 1
	}
	os.Exit(status)
}

// withServer calls f while a server runs.
func withServer(f func() int) (status int, err error) {
	bin, err := binaries()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "drover-pg-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // best effort: it is a temporary folder
	account, err := unprivileged(dir)
	if err != nil {
		return 0, err
	}
	data := filepath.Join(dir, "data")
	run := func(program string, args ...string) error {
		c := exec.Command(filepath.Join(bin, program), args...)
		c.SysProcAttr, c.Dir = account, dir
		log := filepath.Join(dir, program+".log")
		// The server inherits the file: a pipe would keep this process waiting for its end.
		file, err := os.Create(log)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		c.Stdout, c.Stderr = file, file
		if err := c.Run(); err != nil {
			text, _ := os.ReadFile(log)
			return fmt.Errorf("%s: %w\n%s", program, err, text)
		}
		return nil
	}
	err = run("initdb", "-D", data, "-U", "drover", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	if err != nil {
		return 0, err
	}
	options := "-c listen_addresses='' -c max_connections=400 -c unix_socket_directories=" + dir
	if err := run("pg_ctl", "-D", data, "-w", "-o", options, "start"); err != nil {
		return 0, err
	}
	defer func() { err = run("pg_ctl", "-D", data, "-m", "immediate", "stop") }()
	instance = dir
	return f(), nil
}

// binaries is the folder of the programs.
func binaries() (string, error) {
	if dir := os.Getenv(binariesVariable); dir != "" {
		return dir, nil
	}
	root, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	for _, pattern := range folders {
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(filepath.Dir(strings.TrimSpace(string(root))), pattern)
		}
		found, err := filepath.Glob(filepath.Join(pattern, "initdb"))
		if err == nil && len(found) > 0 {
			return filepath.Dir(found[len(found)-1]), nil
		}
	}
	return "", fmt.Errorf("no initdb in %s; run make setup", strings.Join(folders, " or "))
}

// unprivileged gives a folder to the account nobody when the tests run as root, whom PostgreSQL
// refuses, and returns what makes a process run as that account.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	account := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return &syscall.SysProcAttr{Credential: account}, nil
}

// Schema makes an empty schema and returns the URL of a store in it.
func Schema(t testing.TB) string {
	t.Helper()
	return SchemaNamed(t, t.Name()+t.TempDir())
}

// SchemaNamed returns the URL of a store in the schema of a name, which is made when there is none.
func SchemaNamed(t testing.TB, name string) string {
	t.Helper()
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	schema := fmt.Sprintf("s%x", h.Sum64())
	query := url.Values{"host": {instance}, "search_path": {schema}}
	at := "postgres://drover@/postgres?" + query.Encode()
	db, err := pgx.Connect(context.Background(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.Background()) }()
	_, err = db.Exec(context.Background(), "CREATE SCHEMA IF NOT EXISTS "+schema)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
