package attack

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/api/drover"
	apiiot "github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/test/testserver"
)

// A fuzzer draws requests from the description of the API: most members have a value of their kind,
// some one that is wrong.
type fuzzer struct{ *rand.Rand }

// texts are values that have names in the fleet, that are almost right, or that are hostile.
var texts = []string{
	"pump-07", "site-1", "j1", "j2", "lamp", "p", "AWS_Things", "*", "thingName:pump*", "{}",
	`{"a":"${aws:iot:s3-presigned-url:https://s3.us-east-1.amazonaws.com/b/k}"}`,
	"arn:aws:iot:us-east-1:000000000000:thing/pump-07",
	"arn:aws:iot:us-east-1:000000000000:thinggroup/site-1",
	"arn:aws:iot:us-east-1:000000000000:job/j1", "arn:aws:iot:eu-west-1:1:cert/x", "arn:",
	"SUCCEEDED", "FAILED", "IN_PROGRESS", "QUEUED", "SNAPSHOT", "CONTINUOUS", "COMPLETED", "CANCEL",
	"", " ", ".", "..", "/", "%", "%00", "\x00", "\n", "é", "\xff", "$next", "'", `"`, "${a}", "null",
	"cron(0 0 ? * MON *)", "2030-01-01 00:00", "2030-01-01T00:00:00Z", "-1", "0", "99999999999999999999",
}

// numbers are bounds and what lies beside them.
var numbers = []string{
	"0", "1", "2", "-1", "10", "59", "60", "100", "250", "251", "1000", "10080", "10081",
	"2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "1.5", "50.5", "1e3", "1e999",
}

func (f *fuzzer) of(list []string) string { return list[f.IntN(len(list))] }

// text is the value of a member in a path, query or header.
func (f *fuzzer) text(s *schema.Shape) string {
	if len(s.Constraint.OneOf) > 0 && f.IntN(4) > 0 {
		return f.of(s.Constraint.OneOf)
	}
	switch s.Kind {
	case schema.Integer, schema.Long, schema.Double:
		return f.of(numbers)
	case schema.Boolean:
		return f.of([]string{"true", "false", "maybe"})
	}
	if f.IntN(30) == 0 {
		return strings.Repeat("x", f.IntN(3000))
	}
	return f.of(texts)
}

// value is a JSON value for a shape, so deep at the most.
func (f *fuzzer) value(s *schema.Shape, depth int) any {
	if f.IntN(25) == 0 || depth == 0 {
		return []any{nil, true, 1, "x", []any{}, map[string]any{}, map[string]any{"a": 1}}[f.IntN(7)]
	}
	switch s.Kind {
	case schema.Boolean:
		return f.IntN(2) == 0
	case schema.Integer, schema.Long, schema.Double, schema.Time:
		return json.Number(f.of(numbers))
	case schema.List:
		list := make([]any, f.IntN(4))
		for i := range list {
			list[i] = f.value(s.Elem, depth-1)
		}
		return list
	case schema.Map:
		entries := map[string]any{}
		for range f.IntN(4) {
			entries[f.of(texts)] = f.value(s.Elem, depth-1)
		}
		return entries
	case schema.Structure:
		members := map[string]any{}
		for _, m := range s.Members {
			if m.In == schema.Body && (m.Required || f.IntN(2) == 0) && f.IntN(20) > 0 {
				members[m.Name] = f.value(m.Shape, depth-1)
			}
		}
		return members
	}
	return strings.ToValidUTF8(f.text(s), "?")
}

// request draws one request for an operation; ok is false when it has none, as without a label.
func (f *fuzzer) request(service *schema.Service, d *schema.Description) (r request, ok bool) {
	out, err := d.Address(func(m *schema.Member) (string, bool) {
		return f.text(m.Shape), m.Required || f.IntN(2) == 0
	})
	if err != nil {
		return r, false
	}
	r = request{method: out.Method, path: out.Path, service: service.Signing, header: http.Header{}}
	if out.RawQuery != "" {
		r.path += "?" + out.RawQuery
	}
	for name, values := range out.Header {
		if utf8.ValidString(values[0]) && !strings.ContainsAny(values[0], "\x00\n") {
			r.header[name] = values
		}
	}
	if d.HasBody {
		body, err := json.Marshal(f.value(d.Input, 5))
		if err != nil {
			return r, false // 1e999 and the like are no JSON for this encoder
		}
		r.body = string(body)
		if f.IntN(30) == 0 && len(body) > 2 {
			r.body = string(body[:f.IntN(len(body))])
		}
	}
	_, err = url.ParseRequestURI(r.path)
	return r, err == nil
}

// No request that can be drawn from the description of the API, signed by an operator, is a fault
// of the server: each is answered, none with 500 or more, and a device is served all the while. A
// request that is refused changes nothing that a client can see.
func TestFuzzRequests(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	b := newBystander(t, s, "pump-07")
	client := s.Control()
	f := &fuzzer{rand.New(rand.NewPCG(uint64(scale(1, int(time.Now().UnixNano()))), 0))}
	services := []*schema.Service{&apiiot.Service, &jobsdata.Service, &drover.Service}
	seen := map[int]int{}
	keep := &http.Client{Timeout: patience}
	before := visible(t, s)
	for i := range scale(4000, 200_000) {
		service := services[f.IntN(len(services))]
		d := service.Operations[f.IntN(len(service.Operations))].Describe()
		r, ok := f.request(service, d)
		if !ok {
			continue
		}
		out, err := keep.Do(r.signed(s))
		if err != nil {
			t.Fatalf("%s %s: no answer: %v\n%s", d.Name, r.path, err, s.Output)
		}
		out.Body.Close()
		if seen[out.StatusCode/100]++; out.StatusCode >= 500 {
			t.Errorf("%s: status %d for %s %s %s", d.Name, out.StatusCode, r.method, r.path, r.body)
		}
		if out.StatusCode/100 == 2 {
			before = ""
		} else if i%20 == 0 {
			after := visible(t, s)
			if before != "" && before != after {
				t.Errorf("%s: refused with %d, and changed what is there: %s %s %s\nbefore %s\nafter  %s",
					d.Name, out.StatusCode, r.method, r.path, r.body, before, after)
			}
			before = after
		}
		if i%500 == 0 {
			b.served(2 * time.Second)
		}
	}
	t.Logf("answers by class: %v", seen)
	if seen[2] < 100 || seen[4] < 100 {
		t.Errorf("answers by class: %v; too few of one to mean anything", seen)
	}
	if _, err := client.ListJobs(t.Context(), &iot.ListJobsInput{}); err != nil {
		t.Error(err)
	}
	wantNoPanic(t, s)
}

// visible is what lists of the server show, as one text.
func visible(t *testing.T, s *testserver.Server) string {
	t.Helper()
	var all strings.Builder
	for _, path := range []string{
		"/jobs", "/things", "/thing-groups", "/thing-types", "/policies", "/certificates",
		"/job-templates", "/things/pump-07/jobs", "/event-configurations", "/indexing/config",
	} {
		out := send(t, s, request{method: "GET", path: path})
		fmt.Fprintln(&all, path, out.status, out.body)
	}
	return all.String()
}

// wantNoPanic ends the test when the server has printed one.
func wantNoPanic(t *testing.T, s *testserver.Server) {
	t.Helper()
	if printed := s.Output.String(); !s.Running() || strings.Contains(printed, "goroutine ") ||
		strings.Contains(printed, "panic") {
		t.Errorf("running: %v\n%s", s.Running(), printed)
	}
}

// No packet brings the server down or holds up a device: valid ones of both versions, with bytes
// that are changed, added, cut off and put together again.
func TestFuzzPackets(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	b := newBystander(t, s, "pump-07")
	random := rand.New(rand.NewPCG(uint64(scale(1, int(time.Now().UnixNano()))), 0))
	versions := []mqtt.Version{mqtt.V311, mqtt.V5}
	packet := func(v mqtt.Version) []byte {
		topic := []string{"a", "a/b", "$aws/things/x/jobs/get", "$aws/things/x/jobs/j/update", "$SYS/a"}[random.IntN(5)]
		switch random.IntN(7) {
		case 0:
			return mqtttest.Subscribe(v, uint16(random.IntN(9)), byte(random.IntN(4)), topic, "+/#")
		case 1:
			return mqtttest.Unsubscribe(v, uint16(random.IntN(9)), topic)
		case 2:
			return []byte{mqtt.TypePingreq << 4, 0}
		case 3:
			return mqtt.AppendPuback(nil, v, uint16(random.IntN(9)), mqtt.Success)
		case 4:
			return mqtt.AppendDisconnect(nil, mqtt.Reason(random.IntN(256)))
		}
		return mqtt.AppendPublish(nil, v, &mqtt.Publish{
			Topic:   topic,
			Payload: []byte(`{"status":"IN_PROGRESS"}`),
			QoS:     byte(random.IntN(2)),
			ID:      uint16(random.IntN(9)),
			Retain:  random.IntN(8) == 0,
		})
	}
	packets := 0
	for packets < scale(20_000, 500_000) {
		v := versions[random.IntN(2)]
		nc := dial(t, s.MQTT, nil)
		var text []byte
		hello := mqtttest.Connect(&mqtt.Connect{
			Version:       v,
			ClientID:      "fuzz-" + strconv.Itoa(random.IntN(20)),
			CleanStart:    random.IntN(2) == 0,
			SessionExpiry: uint32(random.IntN(100)),
		}, "")
		if random.IntN(10) == 0 {
			hello = mutate(random, hello)
		}
		text = append(text, hello...)
		for range 1 + random.IntN(40) {
			p := packet(v)
			if random.IntN(3) > 0 {
				p = mutate(random, p)
			}
			text = append(text, p...)
			packets++
		}
		nc.SetWriteDeadline(time.Now().Add(patience))
		_, _ = nc.Write(text) // the server may have closed in the middle
		hangUp(random, nc)
		if packets%2000 < 40 {
			b.served(2 * time.Second)
		}
	}
	b.served(2 * time.Second)
	wantNoPanic(t, s)
	wantMemory(t, s)
}

// hangUp ends a connection: now and then by a reset, as a device that loses power does, and else
// once the server has read everything and closed.
func hangUp(random *rand.Rand, nc net.Conn) {
	defer nc.Close()
	tcp := nc.(*net.TCPConn)
	if random.IntN(10) == 0 {
		_ = tcp.SetLinger(0) // it may be closed already
		return
	}
	_ = tcp.CloseWrite()
	nc.SetReadDeadline(time.Now().Add(patience))
	_, _ = io.Copy(io.Discard, nc)
}

// mutate changes a packet in one of the ways in which packets are broken.
func mutate(random *rand.Rand, p []byte) []byte {
	p = append([]byte(nil), p...)
	at := random.IntN(len(p))
	switch random.IntN(5) {
	case 0:
		p[at] ^= 1 << random.IntN(8)
	case 1:
		p[at] = byte(random.Uint32())
	case 2:
		return p[:at]
	case 3:
		return append(p[:at], append([]byte{byte(random.Uint32())}, p[at:]...)...)
	default:
		return append(p, p[at:]...)
	}
	return p
}
