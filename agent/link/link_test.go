package link

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/internal/tlsutil"
)

const topic = "$aws/things/pump-07/jobs/start-next"

// A server is a broker behind TLS whose answers a test decides.
type server struct {
	address string
	trust   *tls.Config
	broker  *broker.Broker
	answer  func(n int, token string) (rest, payload string) // of the n-th request; rest empty: none
	asked   atomic.Int32
	mu      sync.Mutex
	open    []net.Conn
}

func newServer(t *testing.T, answer func(n int, token string) (rest, payload string)) *server {
	t.Helper()
	s := &server{answer: answer}
	var err error
	s.broker, err = broker.New(t.Context(), broker.Config{Service: broker.ServiceFunc(s.handle)})
	if err != nil {
		t.Fatal(err)
	}
	ca, err := tlsutil.New("test", tlsutil.NewECKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := ca.IssueServer([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address, s.trust = listener.Addr().String(), &tls.Config{RootCAs: x509.NewCertPool()}
	s.trust.RootCAs.AddCert(ca.Certificate)
	go func() {
		_ = s.broker.Serve(t.Context(), tls.NewListener(&kept{listener, s}, &tls.Config{Certificates: []tls.Certificate{pair}}))
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.broker.Shutdown(ctx)
	})
	return s
}

// kept notes the connections that are accepted.
type kept struct {
	net.Listener
	s *server
}

func (k *kept) Accept() (net.Conn, error) {
	c, err := k.Listener.Accept()
	if err == nil {
		k.s.mu.Lock()
		k.s.open = append(k.s.open, c)
		k.s.mu.Unlock()
	}
	return c, err
}

// drop ends all connections, and says how many there were.
func (s *server) drop() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open {
		_ = c.Close()
	}
	return len(s.open)
}

func (s *server) handle(_ context.Context, _ *broker.Peer, r broker.Request) broker.Reply {
	var head struct{ ClientToken string }
	_ = json.Unmarshal(r.Payload, &head)
	rest, payload := s.answer(int(s.asked.Add(1)), head.ClientToken)
	if rest == "" {
		return broker.Reply{}
	}
	return broker.Reply{Topic: r.Topic + rest, Payload: []byte(strings.ReplaceAll(payload, "TOKEN", head.ClientToken))}
}

// link opens a link to a server until the test ends.
func (s *server) link(t *testing.T, change func(*Options)) *Link {
	t.Helper()
	o := Options{
		Server: s.address, TLS: s.trust, ClientID: "pump-07", KeepAlive: time.Minute,
		Longest: 50 * time.Millisecond, Answer: 5 * time.Second,
		Filters: []string{"$aws/things/pump-07/jobs/notify-next"}, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	l, err := Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const accepted = "/accepted"

// An answer that does not come, one to an earlier question, one that asks for patience: the request is
// sent again. A rejection for good is an error.
func TestAsk(t *testing.T) { // R-AGT-4
	t.Parallel()
	for _, tt := range []struct {
		name   string
		answer func(n int, token string) (string, string)
		want   string // the answer, or what the error says
		asked  int32
	}{
		{"at once", func(int, string) (string, string) { return accepted, `{"clientToken":"TOKEN","a":1}` }, `"a":1`, 1},
		{"without a token", func(int, string) (string, string) { return accepted, `{"a":1}` }, `"a":1`, 1},
		{"none at first", func(n int, _ string) (string, string) {
			if n == 1 {
				return "", ""
			}
			return accepted, `{"clientToken":"TOKEN","a":1}`
		}, `"a":1`, 2},
		{"for another question", func(n int, _ string) (string, string) {
			if n == 1 {
				return accepted, `{"clientToken":"other","a":0}`
			}
			return accepted, `{"clientToken":"TOKEN","a":1}`
		}, `"a":1`, 2},
		{"throttled", func(n int, _ string) (string, string) {
			if n < 3 {
				return "/rejected", `{"clientToken":"TOKEN","code":"RequestThrottled","message":"slower"}`
			}
			return accepted, `{"clientToken":"TOKEN","a":1}`
		}, `"a":1`, 3},
		{"rejected", func(int, string) (string, string) {
			return "/rejected", `{"clientToken":"TOKEN","code":"ResourceNotFound","message":"no thing pump-07"}`
		}, "ResourceNotFound: no thing pump-07", 1},
		{"rejected as provisioning has it", func(int, string) (string, string) {
			return "/rejected", `{"statusCode":400,"errorCode":"InvalidParameters","errorMessage":"no Site"}`
		}, "InvalidParameters: no Site", 1},
		{"rejected with what is no JSON", func(int, string) (string, string) { return "/rejected", "x" }, "cannot be read", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, tt.answer)
			l := s.link(t, func(o *Options) { o.Answer = 300 * time.Millisecond })
			got, err := l.Ask(t.Context(), topic, map[string]any{"b": 2})
			var rejection *Rejection
			if said := string(got); err == nil && !strings.Contains(said, tt.want) ||
				err != nil && (!errors.As(err, &rejection) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
			if n := s.asked.Load(); n != tt.asked {
				t.Errorf("asked %d times, want %d", n, tt.asked)
			}
			if len(l.waiting) != 0 {
				t.Errorf("%d questions are kept", len(l.waiting))
			}
		})
	}
}

// A connection that ends is made again, and what was asked on it is asked again; each connection and
// each message says that something may have changed.
func TestReconnect(t *testing.T) { // R-AGT-3, R-AGT-4
	t.Parallel()
	var s *server
	s = newServer(t, func(n int, _ string) (string, string) {
		if n == 1 {
			s.drop()
			return "", ""
		}
		return accepted, `{"clientToken":"TOKEN"}`
	})
	changed := make(chan struct{}, 10)
	l := s.link(t, func(o *Options) { o.Changed = func() { changed <- struct{}{} } })
	if _, err := l.Ask(t.Context(), topic, nil); err != nil {
		t.Fatal(err)
	}
	if n := s.drop(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
	for range 3 {
		<-changed
	}
	s.broker.Publish(broker.Message{Topic: "$aws/things/pump-07/jobs/notify-next", Payload: []byte("{}"), QoS: 1})
	<-changed
}

// Nothing is asked while the subscriptions are refused; a question ends with its context.
func TestRefusedSubscription(t *testing.T) { // R-AGT-4
	t.Parallel()
	s := newServer(t, func(int, string) (string, string) { return accepted, "{}" })
	l := s.link(t, func(o *Options) { o.Filters = []string{"$aws/other/#"} })
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := l.Ask(ctx, topic, nil); !errors.Is(err, context.DeadlineExceeded) || s.asked.Load() != 0 {
		t.Errorf("got %v, asked %d times", err, s.asked.Load())
	}
}

// Pauses double up to the longest, and half of each is at random.
func TestPause(t *testing.T) { // R-AGT-3
	t.Parallel()
	for attempt, most := range map[int]time.Duration{
		0: time.Second, 1: 2 * time.Second, 5: 32 * time.Second, 6: time.Minute, 1000: time.Minute,
	} {
		seen := map[time.Duration]bool{}
		for range 100 {
			got := Pause(attempt, time.Minute)
			if got < most/2 || got > most {
				t.Errorf("attempt %d: %s, want %s to %s", attempt, got, most/2, most)
			}
			seen[got] = true
		}
		if len(seen) < 50 {
			t.Errorf("attempt %d: %d pauses of 100 differ", attempt, len(seen))
		}
	}
}
