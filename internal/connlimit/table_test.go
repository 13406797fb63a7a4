package connlimit

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// remote is a connection from an address, of which nothing else is asked.
type remote struct {
	net.Conn
	from   string
	closed bool
}

func (r *remote) RemoteAddr() net.Addr {
	address, err := net.ResolveTCPAddr("tcp", r.from)
	if err != nil {
		return &net.UnixAddr{}
	}
	return address
}

func (r *remote) Close() error {
	r.closed = true
	return nil
}

// What happens to connections, in order, of a server that has room for 6, of which 4 may be
// unidentified, and 2 of one address. Each step is "open NAME ADDRESS", "known NAME", "idle NAME",
// "busy NAME", "close NAME" or "wait SECONDS"; the answer of an open is "in", "refused", or "in for
// NAME", which was closed.
func TestTable(t *testing.T) { // R-LIM-52, R-LIM-53
	t.Parallel()
	for name, script := range map[string]string{
		"two of one address": `
			open a 10.0.0.1 = in
			open b 10.0.0.1 = in
			open c 10.0.0.1 = refused
			open d 10.0.0.2 = in`,
		"those who are known count in all only": `
			open a 10.0.0.1 = in
			known a
			open b 10.0.0.1 = in
			known b
			open c 10.0.0.1 = in
			known c
			open d 10.0.0.1 = in
			known d
			open e 10.0.0.1 = in
			known e
			open f 10.0.0.1 = in
			known f
			open g 10.0.0.2 = refused
			close a
			open h 10.0.0.2 = in`,
		"one that has waited for long makes room, of the same address": `
			open a 10.0.0.2 = in
			open b 10.0.0.1 = in
			open c 10.0.0.1 = in
			wait 2
			open d 10.0.0.1 = in for b
			open e 10.0.0.1 = in for c
			open f 10.0.0.1 = refused`,
		"of any address when there are too many": `
			open a 10.0.0.1 = in
			open b 10.0.0.2 = in
			open c 10.0.0.3 = in
			open d 10.0.0.4 = in
			open e 10.0.0.5 = refused
			wait 2
			open f 10.0.0.5 = in for a
			close b
			open g 10.0.0.6 = in`,
		"one that is known never makes room": `
			open a 10.0.0.1 = in
			open b 10.0.0.1 = in
			known a
			wait 60
			open c 10.0.0.1 = in
			open d 10.0.0.1 = in for b`,
		"a full server closes one that is not known for a new one": `
			open a 10.0.0.1 = in
			known a
			open b 10.0.0.1 = in
			known b
			open c 10.0.0.1 = in
			known c
			open d 10.0.0.1 = in
			known d
			open e 10.0.0.1 = in
			known e
			open f 10.0.0.9 = in
			open g 10.0.0.1 = refused
			wait 2
			open h 10.0.0.1 = in for f`,
		"a full server closes one that is idle, the longest first": `
			open a 10.0.0.1 = in
			known a
			open b 10.0.0.1 = in
			known b
			open c 10.0.0.1 = in
			known c
			open d 10.0.0.1 = in
			known d
			open e 10.0.0.1 = in
			known e
			open f 10.0.0.1 = in
			known f
			idle a
			idle b
			idle c
			busy a
			open g 10.0.0.2 = in for b
			close c
			open h 10.0.0.2 = in
			open i 10.0.0.3 = refused`,
		"one that is not known is not idle": `
			open a 10.0.0.1 = in
			idle a
			open b 10.0.0.1 = in
			open c 10.0.0.1 = refused`,
		"a network of IPv6 is one address": `
			open a 2001:db8::1 = in
			open b 2001:db8::2 = in
			open c 2001:db8::3 = refused
			open d 2001:db8:0:1::1 = in`,
		"IPv4 in IPv6 is IPv4": `
			open a 10.0.0.1 = in
			open b ::ffff:10.0.0.1 = in
			open c 10.0.0.1 = refused`,
		"what has no address is one": `
			open a - = in
			open b - = in
			open c - = refused`,
		"twice closed is once": `
			open a 10.0.0.1 = in
			close a
			close a
			open b 10.0.0.1 = in
			open c 10.0.0.1 = in
			open d 10.0.0.1 = refused`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &steps{
				table: newTable(Limits{Total: 6, Unidentified: 4, PerAddress: 2}),
				conns: map[string]*Conn{},
			}
			for line := range strings.SplitSeq(strings.TrimSpace(script), "\n") {
				step, want, _ := strings.Cut(strings.TrimSpace(line), " = ")
				if got := s.do(t, step); got != want {
					t.Errorf("%s: got %q, want %q", step, got, want)
				}
			}
			for name := range s.conns {
				s.do(t, "close "+name)
			}
			left := s.table.open + s.table.waiting.Len() + s.table.idle.Len() + len(s.table.byAddress)
			if left != 0 {
				t.Errorf("%d entries are left when all are closed", left)
			}
		})
	}
}

// steps runs the steps of a script.
type steps struct {
	table *table
	now   time.Time
	conns map[string]*Conn
}

func (s *steps) do(t *testing.T, step string) string {
	words := strings.Fields(step)
	switch words[0] {
	case "open":
		from := net.JoinHostPort(words[2], "5000")
		added, victim, _ := s.table.add(&remote{from: from}, s.now)
		if added == nil {
			return "refused"
		}
		s.conns[words[1]] = added
		for name, c := range s.conns {
			if c == victim {
				victim.Close()
				return "in for " + name
			}
		}
		return "in"
	case "known":
		Identified(s.conns[words[1]])
	case "idle", "busy":
		SetIdle(s.conns[words[1]], words[0] == "idle")
	case "close":
		s.conns[words[1]].Close()
	case "wait":
		seconds, err := time.ParseDuration(words[1] + "s")
		if err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(seconds)
	}
	return ""
}

// However many connections a limit closes, a second has one line, which says how many there were.
func TestReport(t *testing.T) {
	t.Parallel()
	table := newTable(Limits{})
	var got []int
	for _, after := range []time.Duration{0, 1, 999, 1000, 1001, 5000} {
		got = append(got, table.report(tooMany, time.Unix(0, 0).Add(after*time.Millisecond)))
	}
	if diff := cmp.Diff([]int{1, 0, 0, 3, 0, 2}, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// The shares of a total, by memory.
func TestShare(t *testing.T) { // R-LIM-53
	t.Parallel()
	for _, row := range []struct {
		total  int
		memory int64
		want   Limits
	}{
		{20_000, 0, Limits{20_000, 10_000, 5_000}},
		{20_000, 256 << 20, Limits{20_000, 341, 170}},
		{20_000, 16 << 30, Limits{20_000, 10_000, 5_000}},
		{17, 256 << 20, Limits{17, 8, 4}},
		{2, 1, Limits{2, 2, 1}},
	} {
		if diff := cmp.Diff(row.want, Share(row.total, row.memory)); diff != "" {
			t.Errorf("%d, %d bytes (-want +got):\n%s", row.total, row.memory, diff)
		}
	}
}

// Addresses of one host count together, others apart.
func TestPrefix(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"10.0.0.1:1":          "10.0.0.1/32",
		"[::ffff:10.0.0.1]:1": "10.0.0.1/32",
		"[2001:db8:1:2::9]:1": "2001:db8:1:2::/64",
		"[fe80::1%lo]:1":      "fe80::/64",
		"no address":          netip.Prefix{}.String(),
	} {
		if got := prefixOf((&remote{from: from}).RemoteAddr()).String(); got != want {
			t.Errorf("%s: got %s, want %s", from, got, want)
		}
	}
}
