package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/test/testpostgres"
)

// What several nodes on one PostgreSQL reach (R-NODE-6, R-NODE-8). The database is a real one with
// the settings that it has after its installation; the nodes are the built binary, the devices real
// MQTT connections, all on this machine. Each figure has a bound, or a peer that is measured in
// turns with it, and a bound that is missed fails the run.

// nodesCount is how many nodes there are.
const nodesCount = 3

// A cluster is a database and the nodes on it.
type cluster struct {
	sizes
	dir      string
	binary   string
	url      string // of the database
	database *testpostgres.Server
	nodes    [nodesCount]*process // nil for one that does not run
	missed   []string             // the figures that do not reach their bounds
}

// nodesTable prints the table. The error names the figures that are beyond their bounds.
func nodesTable(ctx context.Context, s sizes, binary string) error {
	return inFolder(ctx, s, func(ctx context.Context, dir string, s sizes) (err error) {
		c := &cluster{sizes: s, dir: dir, binary: binary}
		if c.database, err = testpostgres.Start(testpostgres.Oldest); err != nil {
			return err
		}
		defer func() {
			c.stop()
			err = errors.Join(err, c.database.Remove())
		}()
		c.url = c.database.URL("drover", nil)
		fmt.Printf("%-66s %22s %18s %s\n", "what", "measured", "to reach", "ok")
		for _, part := range []func(context.Context) error{
			c.showFileSizes, c.prepare, c.speedRows, c.readRows, c.noticeRow, c.sessionRows,
			c.takeoverRows, c.createRow,
		} {
			if err := part(ctx); err != nil {
				return err
			}
		}
		if len(c.missed) > 0 {
			return fmt.Errorf("missed: %s", strings.Join(c.missed, "; "))
		}
		return nil
	})
}

// judge prints a row that has a bound.
func (c *cluster) judge(what, measured, reach string, ok bool) {
	mark := "yes"
	if !ok {
		mark = "NO"
		c.missed = append(c.missed, strings.TrimSpace(what))
	}
	fmt.Printf("%-66s %22s %18s %s\n", what, measured, reach, mark)
}

// show prints a row that has none.
func (c *cluster) show(what, measured string) { fmt.Printf("%-66s %22s\n", what, measured) }

// noticed are things beyond the fleet, for the notices.
const noticed = 200

// prepare makes the fleet: a job of all things of it, whose executions are released, one of a
// thousand, and some things without a job.
func (c *cluster) prepare(ctx context.Context) error {
	s, err := postgres.Open(ctx, c.url)
	if err != nil {
		return err
	}
	r := newRigOn(ctx, s)
	for _, group := range []struct {
		name    string
		from, n int
		job     bool
	}{
		{"large", 0, c.fleet, true},
		{"small", c.fleet, 1000, true},
		{"noticed", c.fleet + 1000, noticed, false},
	} {
		made, err := r.fleet(ctx, group.name, group.from, group.n, 1024)
		if err != nil {
			return err
		}
		if group.name == "large" {
			c.show("CreateThing, engine on PostgreSQL, 1,024 in flight", made)
			if err := c.showSize(ctx, "thing", group.n); err != nil {
				return err
			}
		}
		if !group.job {
			continue
		}
		if err := r.createWith(ctx, group.name, group.name, plainDocument); err != nil {
			return err
		}
		start := time.Now()
		if err := r.release(ctx, group.name, group.n); err != nil {
			return err
		}
		if group.name == "large" {
			c.show(fmt.Sprintf("%d executions released, the clock jumping", group.n),
				brief(time.Since(start), time.Millisecond))
			if err := c.showSize(ctx, "execution", group.n); err != nil {
				return err
			}
		}
	}
	return r.stop()
}

// start has the node of a number run, and wait until it answers.
func (c *cluster) start(i int) (err error) {
	if c.nodes[i] != nil {
		return nil
	}
	c.nodes[i], _, err = startServer(c.binary, filepath.Join(c.dir, fmt.Sprint("node", i)),
		"DROVER_STORE="+c.url, "DROVER_SECRET="+strings.Repeat("0123456789abcdef", 4))
	return err
}

// startAll has all nodes run.
func (c *cluster) startAll() error {
	for i := range c.nodes {
		if err := c.start(i); err != nil {
			return err
		}
	}
	return nil
}

// leave ends a node as an operator does.
func (c *cluster) leave(i int) error {
	p := c.nodes[i]
	if p == nil {
		return nil
	}
	c.nodes[i] = nil
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.Wait()
}

// kill ends a node as a power cut does.
func (c *cluster) kill(i int) {
	c.nodes[i].kill()
	c.nodes[i] = nil
}

// stop ends all nodes.
func (c *cluster) stop() {
	for i, p := range c.nodes {
		if p != nil {
			c.kill(i)
		}
	}
}

// mqtt is the address of a node for devices.
func (c *cluster) mqtt(i int) string {
	return strings.TrimPrefix(c.nodes[i].endpoints.MQTT, "mqtt://")
}

// connect connects a device to a node.
func (c *cluster) connect(i int, id string) (*device, error) { return dial(c.mqtt(i), id) }
