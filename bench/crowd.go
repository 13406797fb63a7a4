package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What many connected devices cost: one ordinary message to all of them, beside a program that
// writes the same bytes to as many sockets and does nothing else, and a request of one of them,
// beside the same while few are connected. The crowd is a process of its own, which is told what to
// do by lines and answers each with one.

const (
	// fanOutShare is how many messages must be delivered in the time in which the bare writes
	// deliver so many.
	fanOutShare = 0.4
	// crowdRatio is how much longer 99 of 100 requests may take beside the whole crowd than beside
	// a few devices.
	crowdRatio = 2.0
	// crowdTurns is how often what is compared is measured, in turns; the middle ratio counts.
	crowdTurns = 5
	// few is the small crowd.
	few = 10
	// news is the topic that the crowd is subscribed to, and newsPayload what is published.
	news        = "bench/news"
	newsPayload = `{"version":"2.4.1","url":"https://updates.example/2.4.1"}`
)

// crowdRows measures a server with s.crowd devices. The error names what is beyond its bound, where
// it is judged.
func crowdRows(ctx context.Context, dir string, s sizes, binary string) error {
	n, err := crowdRoom(s.crowd)
	if err != nil {
		return err
	}
	data := filepath.Join(dir, "crowd")
	if err := prepareDevices(ctx, data, 1, plainDocument); err != nil {
		return err
	}
	server, _, err := startServer(binary, data)
	if err != nil {
		return err
	}
	defer server.kill()
	address := strings.TrimPrefix(server.endpoints.MQTT, "mqtt://")
	return errors.Join(fanOutRows(server, address, n, s), crowdedRow(address, n, s))
}

// crowdRoom is how many connections a process may have open, at most n.
func crowdRoom(n int) (int, error) {
	files, err := os.ReadFile("/proc/self/limits")
	if err != nil {
		return n, nil //nolint:nilerr // another system: the crowd says it when it cannot connect
	}
	_, rest, _ := strings.Cut(string(files), "Max open files")
	var most int
	if _, err := fmt.Sscan(rest, &most); err != nil {
		return n, nil //nolint:nilerr // unlimited
	}
	if most < n/2 {
		return 0, fmt.Errorf("the limit of open files is %d, too few for %d devices (ulimit -n)", most, n)
	}
	return min(n, most-200), nil
}

// fanOutRows compares one message to all with bare writes, in turns.
func fanOutRows(server *process, address string, n int, s sizes) error {
	ours, err := startCrowd(address, n, news)
	if err != nil {
		return err
	}
	defer ours.kill()
	peer, err := startPeer("writer")
	if err != nil {
		return err
	}
	defer peer.kill()
	bare, err := startCrowd(peer.endpoints.MQTT, n, "")
	if err != nil {
		return err
	}
	defer bare.kill()
	publisher, err := dial(address, "publisher")
	if err != nil {
		return err
	}
	defer publisher.conn.Close()
	writer, err := net.Dial("tcp", peer.endpoints.MQTT)
	if err != nil {
		return err
	}
	defer writer.Close()
	packet := publishPacket(news, newsPayload)
	var broker, writes []time.Duration
	var shares, used []float64
	for i := range s.turns(crowdTurns) + 1 {
		before := server.cpu()
		took, err := ours.deliver(publisher.conn, packet)
		spent := server.cpu() - before
		if err != nil {
			return err
		}
		before = peer.cpu()
		alone, err := bare.deliver(writer, packet)
		if err != nil {
			return err
		}
		if i == 0 {
			continue // everything is warm now
		}
		broker, writes = append(broker, took), append(writes, alone)
		shares = append(shares, alone.Seconds()/took.Seconds())
		used = append(used, (peer.cpu()-before).Seconds()/max(spent, 10*time.Millisecond).Seconds())
	}
	share := middleOf(shares)
	row(fmt.Sprintf("one message to %d connections, bare writes", n),
		perSecond(deliveries*int64(n), middleOf(writes)), "")
	row(fmt.Sprintf("  to %d subscribers of one topic, delivered", n),
		perSecond(deliveries*int64(n), middleOf(broker)), "")
	row("  as a share of the bare writes", percent(share), ">= "+percent(fanOutShare))
	row("  by the time of processors", percent(middleOf(used)), "")
	if s.judge() && share < fanOutShare {
		return fmt.Errorf("fan-out reaches %s of bare writes", percent(share))
	}
	return nil
}

// middleOf is the median.
func middleOf[T float64 | time.Duration](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

// crowdedRow compares requests of one device beside few others with those beside a whole crowd.
func crowdedRow(address string, n int, s sizes) error {
	asker, err := dial(address, thing(0))
	if err != nil {
		return err
	}
	defer asker.conn.Close()
	var alone, beside []time.Duration
	var ratios []float64
	for range s.turns(crowdTurns) {
		var p99 [2]time.Duration
		for k, size := range []int{few, n} {
			crowd, err := startCrowd(address, size, "")
			if err != nil {
				return err
			}
			took, err := askNext(asker, s.spell)
			crowd.kill()
			time.Sleep(s.spell / 2) // the server closes what is left of it
			if err != nil {
				return err
			}
			p99[k] = quantile(took, 0.99)
		}
		alone, beside = append(alone, p99[0]), append(beside, p99[1])
		ratios = append(ratios, p99[1].Seconds()/p99[0].Seconds())
	}
	ratio := middleOf(ratios)
	row(fmt.Sprintf("$next/get while %d devices are connected, p99", few),
		brief(middleOf(alone), 10*time.Microsecond), "")
	row(fmt.Sprintf("  while %d are connected, p99", n), brief(middleOf(beside), 10*time.Microsecond), "")
	row("  as a multiple", fmt.Sprintf("%.2f", ratio), fmt.Sprintf("< %.0f", crowdRatio))
	if s.judge() && ratio >= crowdRatio {
		return fmt.Errorf("$next/get takes %.2f times as long beside %d devices", ratio, n)
	}
	return nil
}

// askNext asks for the next execution for a time, as often as a connection may.
func askNext(d *device, spell time.Duration) (all []time.Duration, err error) {
	topic := "$aws/things/" + thing(0) + "/jobs/$next/get"
	for end := time.Now().Add(spell); time.Now().Before(end); time.Sleep(11 * time.Millisecond) {
		start := time.Now()
		answer, body, err := d.ask(topic, "{}")
		if err == nil && !strings.HasSuffix(answer, "/accepted") {
			err = fmt.Errorf("%s: %s", answer, body)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, time.Since(start))
	}
	return all, nil
}

// publishPacket is a PUBLISH at QoS 0.
func publishPacket(topic, payload string) []byte {
	n := 2 + len(topic) + len(payload)
	packet := binary.AppendUvarint([]byte{0x30}, uint64(n))
	packet = append(binary.BigEndian.AppendUint16(packet, uint16(len(topic))), topic...)
	return append(packet, payload...)
}

// deliveries is how many messages are sent to the crowd one after the other: each when all have had
// the one before.
const deliveries = 10

// A crowdProcess is many devices in a process of their own.
type crowdProcess struct {
	*exec.Cmd
	out *bufio.Reader
}

// startCrowd connects n devices and returns when they are connected: subscribed to a topic, or, for
// an empty one, idle.
func startCrowd(address string, n int, topic string) (*crowdProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &crowdProcess{Cmd: exec.Command(self, "crowd", address, fmt.Sprint(n), topic)}
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.Start(); err != nil {
		return nil, err
	}
	if _, err := c.out.ReadString('\n'); err != nil {
		c.kill()
		return nil, fmt.Errorf("the crowd has not connected: %w", err)
	}
	return c, nil
}

func (c *crowdProcess) kill() {
	_ = c.Process.Kill() // it may be gone
	_ = c.Wait()
}

// deliver sends a message so many times, each after all of the crowd have had the one before, and
// returns how long that took.
func (c *crowdProcess) deliver(to net.Conn, packet []byte) (time.Duration, error) {
	start := time.Now()
	for range deliveries {
		if _, err := to.Write(packet); err != nil {
			return 0, err
		}
		if _, err := c.out.ReadString('\n'); err != nil {
			return 0, fmt.Errorf("the crowd is gone: %w", err)
		}
	}
	return time.Since(start), nil
}

// crowd is the crowd. It prints a line when all are connected, and one whenever each of them has had
// as many messages as the others.
func crowd(args []string) error {
	var n int
	if _, err := fmt.Sscan(args[1], &n); err != nil {
		return err
	}
	var got atomic.Int64
	var failed sync.Once
	err := each(n, 16, func(i int) error {
		d, err := dial(args[0], fmt.Sprint("crowd-", n, "-", i))
		if err == nil && args[2] != "" {
			err = d.subscribe(args[2])
		}
		if err != nil {
			return err
		}
		go func() {
			for {
				if _, err := d.in.ReadByte(); err != nil {
					failed.Do(func() { exit(fmt.Errorf("a device of the crowd: %w", err)) })
				}
				size, err := binary.ReadUvarint(d.in)
				if err == nil {
					_, err = io.CopyN(io.Discard, d.in, int64(size))
				}
				if err != nil {
					failed.Do(func() { exit(fmt.Errorf("a device of the crowd: %w", err)) })
				}
				if got.Add(1)%int64(n) == 0 {
					fmt.Println("delivered")
				}
			}
		}()
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Println("connected")
	select {}
}

// writer is the peer of the fan-out: it answers a CONNECT, and writes what comes on the last
// connection to all others, one after the other.
func writer() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	var mu sync.Mutex
	var crowd []net.Conn
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			in := make([]byte, 4096)
			k, err := conn.Read(in)
			if err != nil {
				return
			}
			if in[0] == 0x10 {
				_, err = conn.Write([]byte{0x20, 2, 0, 0})
				mu.Lock()
				crowd = append(crowd, conn)
				mu.Unlock()
				if err != nil {
					conn.Close()
				}
				return
			}
			for ; err == nil; k, err = conn.Read(in) {
				mu.Lock()
				for _, c := range crowd {
					if _, err := c.Write(in[:k]); err != nil {
						c.Close()
					}
				}
				mu.Unlock()
			}
		}()
	}
}
