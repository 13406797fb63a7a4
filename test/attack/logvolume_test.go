package attack

import (
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
	"github.com/drover-iot/drover/test/testserver"
)

// omittedLines is the count in a line that says what was left out.
var omittedLines = regexp.MustCompile(`omitted=(\d+)`)

// Ten connections whose filters are refused as fast as the server reads them write a few lines,
// each of them is written or counted, and another cause is still seen (R-BRK-37).
func TestLogVolume(t *testing.T) {
	t.Parallel()
	s := newTwo(t)
	refused := 0
	var tries atomic.Int64
	began, before := time.Now(), len(s.Output.String())
	clients := make([]*client, 10)
	for i := range clients {
		p := mqtt.Connect{ClientID: "pump-07-" + strconv.Itoa(i), CleanStart: true}
		clients[i] = join(t, s.Server, &s.wide, p)
	}
	var flood errgroup.Group
	for _, c := range clients {
		flood.Go(func() error {
			filters := make([]string, 8)
			for i := range filters {
				filters[i] = "$SYS/" + strings.Repeat("x", 200) + strconv.Itoa(i)
			}
			packet := mqtttest.Subscribe(c.version, 1, 1, filters...)
			for until := time.Now().Add(time.Duration(scale(3, 60)) * time.Second); time.Now().Before(until); {
				c.nc.SetDeadline(time.Now().Add(patience))
				if _, err := c.nc.Write(packet); err != nil {
					return err
				}
				if _, err := c.in.Next(); err != nil {
					return err
				}
				tries.Add(int64(len(filters)))
			}
			return nil
		})
	}
	if err := flood.Wait(); err != nil {
		t.Fatal(err)
	}
	other := connect(t, dial(t, s.MQTTS, s.TLS(&s.b)), mqtt.Connect{ClientID: "not-allowed"})
	other.wantConnack(mqtt.NotAuthorized)
	took, written := time.Since(began), len(s.Output.String())-before
	t.Logf("%d refusals in %v: %d bytes of log", tries.Load(), took, written)
	if most := 40_000; written > most {
		t.Errorf("%d bytes of log, want at most %d", written, most)
	}
	eventually(t, patience, "another cause is written", func() bool {
		return strings.Contains(s.Output.String(), `reason="not allowed to connect"`)
	})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(s.Output.String()) {
		if !strings.Contains(line, `reason="the filter is not valid, or reserved`) {
			continue
		}
		n := 1
		if found := omittedLines.FindStringSubmatch(line); found != nil {
			n, _ = strconv.Atoi(found[1])
		}
		refused += n
	}
	if int64(refused) != tries.Load() {
		t.Errorf("%d refusals are written or counted, want %d", refused, tries.Load())
	}
}

// What comes from nobody in particular is bounded too: connections without a certificate, with one
// that nobody knows, and without MQTT (R-BRK-37).
func TestLogOfStrangers(t *testing.T) {
	t.Parallel()
	s := testserver.Serve(t)
	before := len(s.Output.String())
	n := scale(300, 5000)
	var flood errgroup.Group
	flood.SetLimit(20)
	for range n {
		pair, _ := selfSigned(t, -time.Hour, time.Hour) // each has another fingerprint
		flood.Go(func() error {
			config := s.TLS(nil)
			config.Certificates = append(config.Certificates, pair)
			letsIn(t, s.MQTTS, config, "anybody")
			letsIn(t, s.MQTTS, s.TLS(nil), "anybody")
			nc, err := tryDial(s.MQTT, nil)
			if err != nil {
				return err
			}
			defer nc.Close()
			_, err = nc.Write([]byte("\x10\x0cGET / HTTP/1.1\r\n\r\n"))
			return err
		})
	}
	if err := flood.Wait(); err != nil {
		t.Fatal(err)
	}
	if written := len(s.Output.String()) - before; written > 40_000 {
		t.Errorf("%d bytes of log for %d strangers", written, n)
	}
}
