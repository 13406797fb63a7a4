package broker_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/registry"
)

// Load comes from a second process, so that what is measured here is the server alone. It is this
// test binary again: loadEnv is "idle|work ADDR CONNECTIONS tcp|tls|authorizer".
const loadEnv = "DROVER_BROKER_LOAD"

func TestMain(m *testing.M) {
	if order := os.Getenv(loadEnv); order != "" {
		if err := load(strings.Fields(order)); err != nil {
			fmt.Fprintln(os.Stderr, "load:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// load opens the connections, says "ready", and obeys: each number on its input asks for that many
// requests in all, answered by "done". It ends with its input.
func load(order []string) error {
	what, addr, kind := order[0], order[1], order[3]
	n, err := strconv.Atoi(order[2])
	if err != nil {
		return err
	}
	conns := make([]net.Conn, n)

	for i := range conns {
		if conns[i], err = dialLoad(addr, kind, fmt.Sprintf("%s-%d", what, i)); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		requests, err := strconv.Atoi(in.Text())
		if err != nil {
			return err
		}
		if err := work(conns, requests); err != nil {
			return err
		}
		fmt.Println("done")
	}
	return nil
}

func dialLoad(addr, kind, id string) (nc net.Conn, err error) {
	if kind == "tls" {
		var cert tls.Certificate
		if cert, err = loadCertificate(); err != nil {
			return nil, err
		}
		nc, err = tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{cert},
			CurvePreferences: []tls.CurveID{tls.CurveP256}})
	} else {
		nc, err = net.Dial("tcp", addr)
	}
	if err != nil {
		return nil, err
	}
	connect := append([]byte{0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0}, prefixed(id)...)
	if kind == "authorizer" {
		connect[7] |= 0xC0
		connect = append(append(connect, prefixed(id+"?x-amz-customauthorizer-name=door&token=0123456789abcdef")...), prefixed("password")...)
	}
	topic := "$aws/things/" + id + "/jobs/"
	filters := []byte{0, 1}
	for _, f := range []string{"notify-next", "$next/get/accepted"} {
		filters = append(append(filters, prefixed(topic+f)...), 0)
	}
	all := append([]byte{0x10, byte(len(connect))}, connect...)
	all = append(append(all, 0x82, byte(len(filters))), filters...)
	if _, err := nc.Write(all); err != nil {
		return nil, err
	}
	_, err = io.ReadFull(nc, make([]byte, 4+6)) // CONNACK, SUBACK
	return nc, err
}

// loadCertificate makes one certificate a connection: devices do not share theirs.
func loadCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func prefixed(s string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
}

// work sends requests on all connections and waits for PUBACK and answer of each before the next.
func work(conns []net.Conn, requests int) error {
	var wg sync.WaitGroup
	errs := make(chan error, len(conns))
	for i, nc := range conns {
		share := requests / len(conns)
		if i < requests%len(conns) {
			share++
		}
		wg.Go(func() {
			topic := fmt.Sprintf("$aws/things/work-%d/jobs/$next/get", i)
			body := append(append(prefixed(topic), 0, 1), `{"clientToken":"0123456789"}`...)
			request := append([]byte{0x32, byte(len(body))}, body...)
			answer := make([]byte, 4+2+2+len(topic)+len("/accepted")+len(loadAnswer))
			for range share {
				if _, err := nc.Write(request); err != nil {
					errs <- err
					return
				}
				if _, err := io.ReadFull(nc, answer); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

const loadAnswer = `{"clientToken":"0123456789","ts":1}`

// A loader is the second process.
type loader struct {
	in  io.WriteCloser
	out *bufio.Scanner
	cmd *exec.Cmd
}

func startLoad(t testing.TB, what, addr string, n int, kind string) *loader {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d %s", loadEnv, what, addr, n, kind))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l := &loader{in: in, out: bufio.NewScanner(out), cmd: cmd}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	l.wait(t, "ready")
	return l
}

func (l *loader) wait(t testing.TB, word string) {
	t.Helper()
	if !l.out.Scan() || l.out.Text() != word {
		t.Fatalf("load process: %q, want %q", l.out.Text(), word)
	}
}

func (l *loader) run(t testing.TB, requests int) {
	t.Helper()
	fmt.Fprintln(l.in, requests)
	l.wait(t, "done")
}

func noop(_ context.Context, _ *broker.Peer, r broker.Request) broker.Reply {
	return broker.Reply{Topic: r.Topic + "/accepted", Payload: []byte(loadAnswer)}
}

func startPlain(t testing.TB, cfg broker.Config) string {
	t.Helper()
	b, err := broker.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go b.Serve(t.Context(), l)
	t.Cleanup(func() { b.Shutdown(context.Background()) })
	return l.Addr().String()
}

// BenchmarkRequests is request and answer on 512 connections with a service that does nothing,
// plain and TLS. cpu-µs is the processor time of the server alone.
func BenchmarkRequests(b *testing.B) {
	for _, kind := range []string{"tcp", "tls"} {
		b.Run(kind, func(b *testing.B) {
			cfg := broker.Config{Service: broker.ServiceFunc(noop), MessagesPerSecond: -1, BytesPerSecond: -1,
				ShutdownSpread: time.Millisecond}
			var addr string
			if kind == "tls" {
				_, addr, _ = startTLS(b, cfg)
			} else {
				addr = startPlain(b, cfg)
			}
			l := startLoad(b, "work", addr, 512, kind)
			l.run(b, 512)
			before := cpu(b)
			b.ResetTimer()
			l.run(b, b.N)
			b.StopTimer()
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestIdleMemory checks that the memory of an idle connection, heap and stack, is within its
// budget.
func TestIdleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("opens hundreds of connections")
	}
	for kind, budget := range map[string]int{"tcp": 8 << 10, "authorizer": 10 << 10, "tls": 35 << 10} {
		t.Run(kind, func(t *testing.T) {
			const n = 400
			cfg := broker.Config{Service: broker.ServiceFunc(noop), ShutdownSpread: time.Millisecond}
			var addr string
			switch kind {
			case "tls":
				_, addr, _ = startTLS(t, cfg)
			case "authorizer": // what a certificate costs beside TLS, this costs instead
				cfg.Authenticate = byAuthorizer(t)
				addr = startPlain(t, cfg)
			default:
				addr = startPlain(t, cfg)
			}
			before := inUse()
			startLoad(t, "idle", addr, n, kind)
			each := (inUse() - before) / n
			t.Logf("%s: %d bytes a connection", kind, each)
			if each > budget && !raceEnabled {
				t.Errorf("%d bytes a connection, budget %d", each, budget)
			}
		})
	}
}

// byAuthorizer has clients let in by a custom authorizer, which is to be asked again.
func byAuthorizer(t *testing.T) broker.Authenticator {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}`
	authorizers := &gateway.Authorizers{
		Auth:  &gateway.DeviceAuth{Identities: noIdentities{}, Scope: registry.DefaultScope, Log: log},
		Store: oneAuthorizer{},
		Ask: func(_ context.Context, _ string, _, into any) error {
			answer := fmt.Sprintf(`{"isAuthenticated":true,"principalId":"a%d","refreshAfterInSeconds":300,"policyDocuments":[%s]}`,
				time.Now().UnixNano(), document)
			return json.Unmarshal([]byte(answer), into)
		},
		Log: log,
	}
	return func(_ context.Context, link broker.Link) (broker.Principal, error) {
		return authorizers.FromTLS(&tls.ConnectionState{ServerName: "iot.example.org"}, link.Remote), nil
	}
}

// oneAuthorizer is an authorizer that is ACTIVE.
type oneAuthorizer struct{ gateway.AuthorizerStore }

func (oneAuthorizer) DescribeAuthorizer(_ context.Context, name string) (registry.Authorizer, error) {
	return registry.Authorizer{Name: name, Function: "https://a", SigningDisabled: true, Status: registry.AuthorizerActive}, nil
}

// noIdentities is a registry without things.
type noIdentities struct{ gateway.Identities }

func (noIdentities) AccessVersion() uint64 { return 0 }

func (noIdentities) AccessByPolicies(context.Context, []string, string) (identity.Access, error) {
	return identity.Access{}, nil
}

func inUse() int {
	for range 3 { // stacks shrink and pools empty over several collections
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}
