package testserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/test/testpostgres"
)

// Binary is the path of the server's program, once Main has built it.
var Binary string

// Main builds the program from the package of its command, relative to the folder of the tests,
// runs the tests, and then calls the functions that end what all of them have shared.
func Main(m *testing.M, command string, ends ...func()) {
	dir, err := os.MkdirTemp("", "drover-test-")
	if err == nil {
		Binary = filepath.Join(dir, "drover")
		err = Build(Binary, command)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build drover:", err)
		os.Exit(1)
	}
	status := testpostgres.Run(m)
	for _, end := range ends {
		end()
	}
	_ = os.RemoveAll(dir) // best effort: it is a temporary folder
	os.Exit(status)
}

// Build builds the program from the package of its command, with more flags of go build.
func Build(program, command string, flags ...string) error {
	args := slices.Concat([]string{"build", "-o", program}, buildFlags, flags, []string{command})
	build := exec.Command("go", args...)
	build.Stderr = os.Stderr
	return build.Run()
}

// Server is one drover on one data folder. It may be started again after it has ended.
type Server struct {
	T       testing.TB
	Program string   // Binary, or another that Build has made
	Dir     string   // the data folder
	Env     []string // beside that of the tests
	Store   string   // the URL of its database; empty: the embedded store
	// Flags are where it listens. New sets all four listeners, on free ports.
	Flags []string
	// Descriptors is how many file descriptors the process may have; 0: as many as the tests. Umask
	// is its umask, such as 022; empty: that of the tests.
	Descriptors int
	Umask       string
	// ClockOffset is how far its clock is from that of the tests. Control signs by its clock.
	ClockOffset time.Duration
	Output      Printed // what it has printed since it was started last
	Endpoints

	cgroup  string // the folder of its control group; empty: that of the tests
	command *exec.Cmd
	ended   chan struct{} // closed when the process has ended
	err     error         // what its end was, once ended is closed
}

// Endpoints is the content of endpoints.json.
type Endpoints struct {
	HTTP, HTTPS, MQTT, MQTTS, Admin string
	Account, Region, CA             string
	AccessKeyID                     string `json:"accessKeyId"`
	SecretAccessKey                 string `json:"secretAccessKey"`
	PID                             int
}

// New returns a server that is not started, on a folder that does not exist yet. It is killed when
// the test ends.
func New(t testing.TB) *Server {
	const free = "127.0.0.1:0"
	s := &Server{
		T:       t,
		Program: Binary,
		Dir:     filepath.Join(t.TempDir(), "data"),
		Flags:   []string{"--http", free, "--https", free, "--mqtt", free, "--mqtts", free},
	}
	if testpostgres.Asked != "" || strings.HasPrefix(t.Name(), OnPostgres+"/") {
		s.Store = testpostgres.Schema(t)
		s.Flags = append(s.Flags, "--artifacts", "on") // as on the embedded store
	}
	t.Cleanup(s.end)
	return s
}

// OnPostgres is a test whose subtests run servers on PostgreSQL. They are tests that run on the
// embedded store when they stand alone.
const OnPostgres = "TestOnPostgres"

// Serve starts a server on an empty folder, on free ports.
func Serve(t testing.TB, flags ...string) *Server {
	t.Helper()
	s := New(t)
	s.Start(flags...)
	return s
}

// startTimeout is how long a server may take to be ready.
const startTimeout = 20 * time.Second

// Start starts the server on its folder and waits until it is ready.
func (s *Server) Start(flags ...string) {
	s.T.Helper()
	if s.StartOrEnd(flags...); !s.Running() {
		s.T.Fatalf("the server ended before it was ready: %v\n%s", s.err, s.Output)
	}
}

// StartOrEnd starts the server and waits until it is ready or has ended.
func (s *Server) StartOrEnd(flags ...string) {
	s.T.Helper()
	file := filepath.Join(s.Dir, "endpoints.json")
	_ = os.Remove(file) // one that a kill has left
	s.launch(flags)
	for deadline := time.Now().Add(startTimeout); ; {
		text, err := os.ReadFile(file)
		if err == nil {
			if err := json.Unmarshal(text, &s.Endpoints); err != nil {
				s.T.Fatal(err)
			}
			return
		}
		select {
		case <-s.ended:
			return
		case <-time.After(2 * time.Millisecond): // another process, which cannot signal
		}
		if time.Now().After(deadline) {
			s.T.Fatalf("the server is not ready after %v:\n%s", startTimeout, s.Output)
		}
	}
}

// Refused starts the server, which must end by itself, and returns its exit status and what it
// printed.
func (s *Server) Refused(flags ...string) (status int, printed string) {
	s.T.Helper()
	s.launch(flags)
	select {
	case <-s.ended:
	case <-time.After(startTimeout):
		s.T.Fatalf("the server runs, and should have refused to start:\n%s", s.Output)
	}
	return s.command.ProcessState.ExitCode(), s.Output.String()
}

// launch starts the process.
func (s *Server) launch(flags []string) {
	s.T.Helper()
	args := slices.Concat([]string{s.Program, "serve", "--data", s.Dir}, s.Flags, flags)
	limits := ""
	if s.Descriptors != 0 {
		limits += "ulimit -n " + strconv.Itoa(s.Descriptors) + "; "
	}
	if s.Umask != "" {
		limits += "umask " + s.Umask + "; "
	}
	if s.cgroup != "" {
		limits += "echo $$ > " + s.cgroup + "/cgroup.procs; "
	}
	if limits != "" {
		args = append([]string{"sh", "-c", limits + `exec "$@"`, "sh"}, args...)
	}
	printed, err := os.Create(filepath.Join(s.T.TempDir(), "printed"))
	if err != nil {
		s.T.Fatal(err)
	}
	defer func() { _ = printed.Close() }() // the process has its own
	s.Output = Printed{printed.Name()}
	s.command = exec.Command(args[0], args[1:]...)
	s.command.Env = append(environment(), "DROVER_STORE="+s.Store)
	s.command.Env = append(s.command.Env, s.Env...)
	s.command.Stdout, s.command.Stderr = printed, printed
	if err := s.command.Start(); err != nil {
		s.T.Fatal(err)
	}
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		s.err = s.command.Wait()
	}()
}

// environment is that of the tests without what is theirs: a variable such as DROVER_EXHAUSTIVE is no
// setting of a server, which would warn of it.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "DROVER_")
	})
}

// Kill ends the server at once, as a power cut would.
func (s *Server) Kill() {
	if s.command != nil {
		_ = s.command.Process.Kill() // it may have ended by itself
		<-s.ended
	}
}

// Stop ends the server as an operator would, and returns what its process answered.
func (s *Server) Stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-s.ended
	return s.err
}

// Signal sends the process a signal and does not wait.
func (s *Server) Signal(signal os.Signal) {
	s.T.Helper()
	if err := s.command.Process.Signal(signal); err != nil {
		s.T.Fatal(err)
	}
}

// Running reports whether the process has not ended.
func (s *Server) Running() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// ARN is the ARN of something of this server.
func (s *Server) ARN(kind, name string) string {
	return "arn:aws:iot:" + s.Region + ":" + s.Account + ":" + kind + "/" + name
}

// Control returns the second-generation SDK's client of the control plane.
func (s *Server) Control() *iot.Client {
	return iot.New(iot.Options{
		Region:           s.Region,
		BaseEndpoint:     aws.String(s.HTTP),
		RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(
			s.AccessKeyID, s.SecretAccessKey, ""),
		HTTPSignerV4: offsetSigner{v4.NewSigner(), s.ClockOffset},
	})
}

// An offsetSigner signs as if its clock were wrong.
type offsetSigner struct {
	iot.HTTPSignerV4
	by time.Duration
}

// SignHTTP implements iot.HTTPSignerV4.
func (s offsetSigner) SignHTTP(
	ctx context.Context, credentials aws.Credentials, r *http.Request, hash, service, region string,
	at time.Time, options ...func(*v4.SignerOptions),
) error {
	at = at.Add(s.by)
	return s.HTTPSignerV4.SignHTTP(ctx, credentials, r, hash, service, region, at, options...)
}
