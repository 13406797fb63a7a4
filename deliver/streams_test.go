package deliver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/registry/sink"
)

func natsServer(t *testing.T, port int, folder string) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true,
		JetStream: folder != "", StoreDir: folder,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS is not ready")
	}
	return s
}

func sender(t *testing.T, to sink.Definition) sinks.Sender {
	t.Helper()
	made, err := Dialer{Attempt: 10 * time.Second}.Dial(sinks.Target{Definition: to})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return made
}

// numbered is a message that tells of itself.
func numbered(n int) sinks.Message {
	return sinks.Message{ID: fmt.Sprint("id-", n), Key: "j", Subject: "events.j", Body: fmt.Appendf(nil, "%d", n)}
}

// A stream gets each message once, also one that is sent again (R-SNK-7).
func TestJetStream(t *testing.T) {
	t.Parallel()
	s := natsServer(t, server.RANDOM_PORT, t.TempDir())
	conn, err := nats.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "events", Subjects: []string{"events.>"}})
	if err != nil {
		t.Fatal(err)
	}
	to := sender(t, sink.Definition{Kind: sink.NATS, URL: s.ClientURL()})
	for _, n := range []int{1, 2, 2, 1, 3} {
		if err := to.Send(t.Context(), numbered(n)); err != nil {
			t.Fatal(err)
		}
	}
	info, err := stream.Info(t.Context())
	if err != nil || info.State.Msgs != 3 {
		t.Errorf("the stream has %d messages, %v", info.State.Msgs, err)
	}
	for i := uint64(1); i <= 3; i++ {
		m, err := stream.GetMsg(t.Context(), i)
		if err != nil || string(m.Data) != fmt.Sprint(i) || m.Header.Get("Content-Type") != sink.ContentType {
			t.Errorf("message %d: %+v, %v", i, m, err)
		}
	}
}

// Without a stream subscribers get the messages, and a server that was away is found again (R-SNK-7).
func TestPlainNATS(t *testing.T) {
	t.Parallel()
	for name, folder := range map[string]string{"without JetStream": "", "with JetStream": t.TempDir()} {
		s := natsServer(t, server.RANDOM_PORT, folder)
		conn, err := nats.Connect(s.ClientURL(), nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		got, err := conn.SubscribeSync("events.>")
		if err == nil {
			err = conn.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		to := sender(t, sink.Definition{Kind: sink.NATS, URL: s.ClientURL()})
		for n := range 3 {
			if err := to.Send(t.Context(), numbered(n)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			m, err := got.NextMsg(10 * time.Second)
			if err != nil || string(m.Data) != fmt.Sprint(n) || m.Subject != "events.j" {
				t.Errorf("%s: message %d: %+v, %v", name, n, m, err)
			}
		}
		address := s.ClientURL()
		s.Shutdown()
		s.WaitForShutdown()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := to.Send(short, numbered(3)); err == nil {
			t.Errorf("%s: delivered to nobody", name)
		}
		cancel()
		var port int
		fmt.Sscanf(address[strings.LastIndex(address, ":"):], ":%d", &port)
		natsServer(t, port, folder)
		deadline, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		for err = errors.New("not yet"); err != nil && deadline.Err() == nil; {
			err = to.Send(deadline, numbered(4))
		}
		cancel()
		if err != nil {
			t.Errorf("%s: after the server came back: %v", name, err)
		}
	}
}

func TestNATSRefused(t *testing.T) { // R-SNK-13
	t.Parallel()
	for _, url := range []string{"nats://127.0.0.1:1", "nats://169.254.169.254:4222"} {
		if err := sender(t, sink.Definition{Kind: sink.NATS, URL: url}).Send(t.Context(), numbered(1)); err == nil {
			t.Errorf("%s: delivered", url)
		}
	}
}

func kafkaCluster(t *testing.T, more ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append(more, kfake.NumBrokers(1), kfake.SeedTopics(3, "events"))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// consumed are the values of the first n records of the topic.
func consumed(t *testing.T, address string, n int, more ...kgo.Opt) (values []string) {
	t.Helper()
	client, err := kgo.NewClient(append(more, kgo.SeedBrokers(address), kgo.ConsumeTopics("events"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for len(values) < n {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			t.Fatal(err)
		}
		for r := range fetched.RecordsAll() {
			if string(r.Key) != "j" || len(r.Headers) != 1 || string(r.Headers[0].Value) != sink.ContentType {
				t.Errorf("record %+v", r)
			}
			values = append(values, string(r.Value))
		}
	}
	return values
}

// Messages of a job are in its partition in their order, also when the broker has refused one for a
// while (R-SNK-3, R-SNK-7).
func TestKafka(t *testing.T) {
	t.Parallel()
	c := kafkaCluster(t)
	var refused atomic.Int64
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if n := refused.Add(1); n == 2 || n == 3 {
			return nil, errors.New("the connection is closed"), true
		}
		return nil, nil, false
	})
	address := c.ListenAddrs()[0]
	to := sender(t, sink.Definition{Kind: sink.Kafka, URL: "kafka://" + address, Subject: "events"})
	var want []string
	for n := range 5 {
		want = append(want, fmt.Sprint(n))
		if err := to.Send(t.Context(), numbered(n)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, consumed(t, address, 5)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestKafkaPassword(t *testing.T) { // R-SNK-13, R-SNK-14
	t.Parallel()
	for _, mechanism := range []string{"PLAIN", sink.ScramSHA256, sink.ScramSHA512} {
		c := kafkaCluster(t, kfake.EnableSASL(), kfake.Superuser(mechanism, "drover", "right"))
		for _, password := range []string{"wrong", "right"} {
			made, err := Dialer{Attempt: 3 * time.Second}.Dial(sinks.Target{
				Definition: sink.Definition{
					Kind: sink.Kafka, URL: "kafka://" + c.ListenAddrs()[0], Subject: "events",
					Mechanism: mechanism, Username: "drover",
				},
				Password: []byte(password),
			})
			if err != nil {
				t.Fatal(err)
			}
			err = made.Send(t.Context(), numbered(1))
			made.Close()
			if (err == nil) != (password == "right") || err != nil && strings.Contains(err.Error(), password) {
				t.Errorf("%s with the %s password: %v", mechanism, password, err)
			}
		}
	}
}

func TestKafkaAway(t *testing.T) { // R-SNK-7
	t.Parallel()
	c := kafkaCluster(t)
	made, err := Dialer{Attempt: 500 * time.Millisecond}.Dial(sinks.Target{Definition: sink.Definition{
		Kind: sink.Kafka, URL: "kafka://" + c.ListenAddrs()[0], Subject: "none",
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	var refusal *sinks.Refusal
	if err := made.Send(t.Context(), numbered(1)); err == nil || errors.As(err, &refusal) {
		t.Errorf("a topic that does not exist: got %v", err)
	}
	c.Close()
	if err := made.Send(t.Context(), numbered(1)); err == nil || errors.As(err, &refusal) {
		t.Errorf("a cluster that is away: got %v", err)
	}
}
