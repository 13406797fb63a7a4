package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker"
)

// device is the smallest MQTT 3.1.1 client that can ask and read answers, so that the load costs
// little beside the server.
type device struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(address, id string) (*device, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return connect(conn, id)
}

// connect says who it is and waits until the broker agrees.
func connect(conn net.Conn, id string) (*device, error) { return connectAs(conn, id, "", clean) }

// clean and will are flags of CONNECT.
const clean, will = 2, 4

// connectAs connects with flags, and has the broker publish an empty message on a topic, if there is
// one, when the connection is lost.
func connectAs(conn net.Conn, id, topic string, flags byte) (*device, error) {
	d := &device{conn: conn, in: bufio.NewReaderSize(conn, 1024)}
	body := append([]byte{0, 4, 'M', 'Q', 'T', 'T', 4, flags, 1, 0x2c, 0, byte(len(id))}, id...)
	if topic != "" {
		body[7] |= will
		body = append(append(body, 0, byte(len(topic))), topic...)
		body = append(body, 0, 0)
	}
	if _, err := conn.Write(append([]byte{0x10, byte(len(body))}, body...)); err != nil {
		return nil, err
	}
	header, _, err := d.packet()
	if err == nil && header != 0x20 {
		err = fmt.Errorf("packet %#x instead of CONNACK", header)
	}
	return d, err
}

// packet reads one packet.
func (d *device) packet() (header byte, body []byte, err error) {
	if header, err = d.in.ReadByte(); err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(d.in)
	if err != nil {
		return 0, nil, err
	}
	body = make([]byte, n)
	_, err = io.ReadFull(d.in, body)
	return header, body, err
}

// ask publishes at QoS 0 and returns the next message.
func (d *device) ask(topic, payload string) (answer string, body []byte, err error) {
	n := 2 + len(topic) + len(payload)
	packet := binary.AppendUvarint([]byte{0x30}, uint64(n))
	packet = append(binary.BigEndian.AppendUint16(packet, uint16(len(topic))), topic...)
	if _, err := d.conn.Write(append(packet, payload...)); err != nil {
		return "", nil, err
	}
	_, body, err = d.packet()
	if err != nil {
		return "", nil, err
	}
	size := binary.BigEndian.Uint16(body)
	return string(body[2 : 2+size]), body[2+size:], nil
}

// subscribe subscribes to a topic at QoS 0.
func (d *device) subscribe(topic string) error {
	body := append([]byte{0, 1, 0, byte(len(topic))}, topic...)
	_, err := d.conn.Write(append([]byte{0x82, byte(len(body) + 1)}, append(body, 0)...))
	if err != nil {
		return err
	}
	header, _, err := d.packet()
	if err == nil && header != 0x90 {
		err = fmt.Errorf("packet %#x instead of SUBACK", header)
	}
	return err
}

// receive returns the next message: its topic and when it came.
func (d *device) receive(patience time.Duration) (topic string, at time.Time, err error) {
	if err := d.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", at, err
	}
	_, body, err := d.packet()
	if err != nil {
		return "", at, err
	}
	return string(body[2 : 2+binary.BigEndian.Uint16(body)]), time.Now(), nil
}

// result is what a load process prints.
type result struct {
	Requests int64
	Took     time.Duration
	P50, P99 time.Duration
}

func (r result) speed() float64 { return float64(r.Requests) / r.Took.Seconds() }

// work is what the devices of a load do.
type work struct {
	address string        // of the MQTT listener; several with commas between them, for nodes
	devices int           // connections, each with one request in flight
	fleet   int           // things that the devices stand for, one after the other
	from    int           // how many of them an earlier load has used up
	until   int           // and where this load ends; 0: with the fleet
	spell   time.Duration // how long
	// kind is finish: start and finish an execution; progress: report on one that runs; or
	// document: the same, and get its job document with every second answer.
	kind string
}

// load is the load generator, in a process of its own.
func load(args []string) error {
	var w work
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	flags.StringVar(&w.address, "address", "", "of the MQTT listener, or of several")
	flags.IntVar(&w.devices, "devices", 512, "how many are active")
	flags.IntVar(&w.fleet, "fleet", 512, "how many things they stand for")
	flags.IntVar(&w.from, "from", 0, "how many of the fleet were used up before")
	flags.IntVar(&w.until, "until", 0, "where in the fleet to end; 0: with the fleet")
	flags.DurationVar(&w.spell, "for", time.Second, "how long")
	flags.StringVar(&w.kind, "kind", "finish", "finish, progress or document")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	var group, ready sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(w.devices)
	for i := range w.devices {
		group.Go(func() {
			took, err := w.device(i, &ready, begin)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			failed = errors.Join(failed, err)
		})
	}
	ready.Wait()
	start := time.Now()
	close(begin)
	group.Wait()
	r := result{
		Requests: int64(len(all)),
		Took:     time.Since(start),
		P50:      quantile(all, 0.5),
		P99:      quantile(all, 0.99),
	}
	return errors.Join(failed, json.NewEncoder(os.Stdout).Encode(r))
}

// device is one connection of the load: it is one thing of the fleet after the other until the time
// or the fleet is used up.
func (w work) device(
	i int, ready *sync.WaitGroup, begin <-chan struct{},
) (took []time.Duration, err error) {
	addresses := strings.Split(w.address, ",")
	d, err := dial(addresses[i%len(addresses)], thing(i))
	ready.Done()
	if err != nil {
		return nil, err
	}
	defer d.conn.Close()
	ask := func(topic, payload string) {
		start := time.Now()
		answer, body, failure := d.ask(topic, payload)
		if failure == nil && !strings.HasSuffix(answer, "/accepted") {
			failure = fmt.Errorf("%s: %s", answer, body)
		}
		took, err = append(took, time.Since(start)), failure
	}
	const (
		progress = `{"status":"IN_PROGRESS","statusDetails":{"progress":"50","step":"install"}}`
		document = `{"status":"IN_PROGRESS","includeJobDocument":true}`
		success  = `{"status":"SUCCEEDED","statusDetails":{"progress":"100","step":"install"}}`
	)
	<-begin
	i += w.from
	for end := time.Now().Add(w.spell); i < cmp.Or(w.until, w.fleet) && err == nil; i += w.devices {
		jobs := "$aws/things/" + thing(i*7919%w.fleet) + "/jobs/" // in no order
		ask(jobs+"start-next", `{"statusDetails":{"step":"download"}}`)
		for w.kind != "finish" && err == nil && time.Now().Before(end) {
			ask(jobs+"large/update", progress)
			if w.kind == "document" && err == nil {
				ask(jobs+"large/update", document)
			}
		}
		if w.kind == "finish" && err == nil {
			ask(jobs+"large/update", success)
		}
		if time.Now().After(end) {
			break
		}
	}
	return took, err
}

// listener is the same MQTT listener with no store behind it: the peer of the durable figure.
func listener() error {
	answer := func(_ context.Context, _ *broker.Peer, r broker.Request) broker.Reply {
		return broker.Reply{Topic: r.Topic + "/accepted", Payload: []byte(`{"timestamp":1767226000}`)}
	}
	b, err := broker.New(context.Background(), broker.Config{
		Service:           broker.ServiceFunc(answer),
		MessagesPerSecond: -1, // no limit
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return b.Serve(context.Background(), l)
}
