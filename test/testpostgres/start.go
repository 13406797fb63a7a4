package testpostgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// PostgreSQL refuses to run as root. Tests that do run as root start it as the account nobody,
// which may not reach the programs when the checkout is below a private folder, such as that of
// root. Then the programs are copied.

// A Server is one PostgreSQL on a folder of its own, which also has its socket.
type Server struct {
	dir     string
	bin     string   // the folder of the programs
	network []string // settings of a server that listens on TCP, see Listening
	port    int      // of such a server; 0: a socket only
	account *syscall.SysProcAttr
	guard   sync.Once // see Guarded
}

// Guarded is a role that needs Password.
const Guarded, Password = "guarded", "correct-horse-battery"

// access lets everybody in who reaches the server, Guarded with a password only. Servers listen on
// a socket in their own folder, and on TCP only when a test asks for it.
const access = "local all " + Guarded + " scram-sha-256\nlocal all all trust\n" +
	"host all drover all trust\nlocal replication all trust\n"

// create makes the folder of a server.
func create(dir, version string) (s *Server, err error) {
	s = &Server{dir: dir}
	if s.bin, err = binaries(version); err != nil {
		return s, err
	}
	if err := s.becomeNobody(); err != nil {
		return s, err
	}
	err = s.run("initdb", "-D", s.data(), "-U", "drover", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	if err != nil {
		return s, err
	}
	return s, os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte(access), 0o600)
}

// data is the folder of what the server stores.
func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// start starts the server with settings such as fsync=off, and waits until it answers.
func (s *Server) start(settings ...string) error {
	options := "-c listen_addresses='' -c max_connections=400 -c unix_socket_directories=" + s.dir
	for _, setting := range slices.Concat(s.network, settings) {
		options += " -c " + setting
	}
	return s.run("pg_ctl", "-D", s.data(), "-w", "-o", options, "start")
}

// stop stops it: fast leaves a folder that is in order, immediate leaves it as a power cut would.
func (s *Server) stop(mode string) error {
	return s.run("pg_ctl", "-D", s.data(), "-w", "-m", mode, "stop")
}

// Crash ends the server as a power cut would, Restart starts it again.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	if err := s.stop("immediate"); err != nil {
		t.Fatal(err)
	}
}

// Restart starts a server that has crashed.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// Standby stops the server and starts it again as a standby that cannot be written.
func (s *Server) Standby(t testing.TB) {
	t.Helper()
	err := errors.Join(
		s.stop("fast"),
		os.WriteFile(filepath.Join(s.data(), "standby.signal"), nil, 0o600),
		s.start())
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a program of PostgreSQL to its end.
func (s *Server) run(program string, args ...string) error {
	c := exec.Command(filepath.Join(s.bin, program), args...)
	c.SysProcAttr, c.Dir = s.account, s.dir
	log := filepath.Join(s.dir, program+".log")
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

// binaries is the folder of a version's programs, as the test set-up or Debian installs them.
func binaries(version string) (string, error) {
	root, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	tools := filepath.Join(filepath.Dir(strings.TrimSpace(string(root))), ".tools")
	for _, folder := range []string{
		filepath.Join(tools, "postgres-"+version, "bin"),
		filepath.Join("/usr/lib/postgresql", version, "bin"),
	} {
		if _, err := os.Stat(filepath.Join(folder, "initdb")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("PostgreSQL %s is not installed; run make setup", version)
}

// becomeNobody gives the folder to the account nobody when the tests run as root, and has the
// programs run as that account.
func (s *Server) becomeNobody() error {
	if os.Getuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		return err
	}
	if err := os.Chown(s.dir, int(uid), int(gid)); err != nil {
		return err
	}
	account := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	s.account = &syscall.SysProcAttr{Credential: account}
	if s.run("initdb", "--version") == nil {
		return nil
	}
	programs := filepath.Join(s.dir, "programs")
	if err := os.CopyFS(programs, os.DirFS(filepath.Dir(s.bin))); err != nil {
		return fmt.Errorf("copy the programs of PostgreSQL: %w", err)
	}
	s.bin = filepath.Join(programs, "bin")
	return nil
}
