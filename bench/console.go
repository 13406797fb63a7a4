package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What open consoles cost the server: the processor time of a hundred that look at a job which
// changes all the time, and what is left of the reports of devices meanwhile.

const (
	// openConsoles is how many are open.
	openConsoles = 100
	// consoleCore is what they may use of one processor, and consoleShare how many reports there
	// must be for those without any console.
	consoleCore, consoleShare = 0.05, 0.97
	// consoleTurns is how many turns there are with consoles, and as many without.
	consoleTurns = 10
)

// consoleOnly prints the table. The error names what is beyond its bound.
func consoleOnly(ctx context.Context, dir string, s sizes, binary string) error {
	data := filepath.Join(dir, "console")
	if err := prepareDevices(ctx, data, s.active, plainDocument); err != nil {
		return err
	}
	server, _, err := startServer(binary, data)
	if err != nil {
		return err
	}
	defer server.kill()
	return errors.Join(consoleCost(ctx, server, s), consoleReports(ctx, server, s))
}

// consoleCost measures the processor time of consoles while one device reports twice a second, beside
// the same without them.
func consoleCost(ctx context.Context, server *process, s sizes) error {
	spell := max(s.spell, 5*time.Second)
	alone, err := reportSlowly(server, 0, spell)
	if err != nil {
		return err
	}
	open, err := open(ctx, server)
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // the first state of each is sent
	before := open.events.Load()
	watched, err := reportSlowly(server, s.devices, spell)
	told := open.events.Load() - before
	open.close()
	if err != nil {
		return err
	}
	cost := (watched - alone).Seconds() / spell.Seconds()
	row(fmt.Sprintf("%d consoles on a job that changes each second, of one processor", openConsoles),
		fmt.Sprintf("%.1f %%", 100*cost), "< 5 %")
	row("  events that each was told, a second",
		fmt.Sprintf("%.1f", float64(told)/openConsoles/spell.Seconds()), "")
	if told < openConsoles*int64(spell.Seconds())/2 {
		return errors.New("the consoles were told too little")
	}
	if cost >= consoleCore {
		return fmt.Errorf("consoles use %s of a processor", percent(cost))
	}
	return nil
}

// reportSlowly has things from one on report, two a second, and returns the server's processor time.
func reportSlowly(server *process, from int, spell time.Duration) (time.Duration, error) {
	d, err := dial(strings.TrimPrefix(server.endpoints.MQTT, "mqtt://"), thing(0))
	if err != nil {
		return 0, err
	}
	defer d.conn.Close()
	before := server.cpu()
	for i := range int(spell.Seconds() * 2) {
		// The first report starts the execution of a thing, and changes the counts of the job.
		topic := "$aws/things/" + thing(from+i) + "/jobs/start-next"
		answer, body, err := d.ask(topic, "{}")
		if err == nil && !strings.HasSuffix(answer, "/accepted") {
			err = fmt.Errorf("%s: %s", answer, body)
		}
		if err != nil {
			return 0, err
		}
		time.Sleep(500 * time.Millisecond)
	}
	return server.cpu() - before, nil
}

// consoleReports compares the reports of devices with consoles and without.
func consoleReports(ctx context.Context, server *process, s sizes) error {
	w := work{
		address: strings.TrimPrefix(server.endpoints.MQTT, "mqtt://"),
		devices: s.devices,
		fleet:   s.active,
		spell:   time.Minute, // each turn ends with its part of the fleet
		kind:    "finish",
	}
	share := s.active / (2 * consoleTurns)
	var took [2]time.Duration
	var reports [2]int64
	for i := range 2 * consoleTurns {
		with := []int{0, 1, 1, 0}[i%4]
		var watching *consoles
		if with == 1 {
			var err error
			if watching, err = open(ctx, server); err != nil {
				return err
			}
		}
		w.from, w.until = i*share, (i+1)*share
		r, err := w.run()
		if watching != nil {
			watching.close()
		}
		if err != nil {
			return err
		}
		took[with], reports[with] = took[with]+r.Took, reports[with]+r.Requests
	}
	speed := func(i int) float64 { return float64(reports[i]) / took[i].Seconds() }
	row("reports of devices without a console", perSecond(reports[0], took[0]), "")
	row(fmt.Sprintf("  the same with %d consoles, for those without", openConsoles), percent(speed(1)/speed(0)), ">= 97 %")
	if speed(1)/speed(0) < consoleShare {
		return errors.New("consoles slow the reports of devices")
	}
	return nil
}

// consoles are streams of events that are open.
type consoles struct {
	cancel context.CancelFunc
	group  sync.WaitGroup
	events atomic.Int64
}

// open signs in and opens the streams of so many consoles.
func open(ctx context.Context, server *process) (*consoles, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: openConsoles}}
	key, err := json.Marshal(map[string]string{
		"accessKeyId":     server.endpoints.AccessKeyID,
		"secretAccessKey": server.endpoints.SecretAccessKey,
	})
	if err != nil {
		return nil, err
	}
	address := server.endpoints.HTTP + "/_drover/console/"
	answer, err := browser.Post(address+"session", "application/json", bytes.NewReader(key))
	if err != nil {
		return nil, err
	}
	answer.Body.Close()
	c := &consoles{}
	ctx, c.cancel = context.WithCancel(ctx)
	for range openConsoles {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"live?topic=job:large&topic=jobs", http.NoBody)
		if err != nil {
			return nil, err
		}
		stream, err := browser.Do(r)
		if err == nil && stream.StatusCode != http.StatusOK {
			stream.Body.Close()
			err = fmt.Errorf("a console was answered %s", stream.Status)
		}
		if err != nil {
			c.close()
			return nil, err
		}
		c.group.Go(func() {
			defer stream.Body.Close()
			for lines := bufio.NewScanner(stream.Body); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "data:") {
					c.events.Add(1)
				}
			}
		})
	}
	return c, nil
}

// close ends the streams.
func (c *consoles) close() {
	c.cancel()
	c.group.Wait()
}
