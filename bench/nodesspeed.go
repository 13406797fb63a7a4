package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// How many reports of devices one node and three nodes make durable, beside what the database does
// alone. All three are measured in turns.

// speedRounds is how often each is measured; the middle one counts.
const speedRounds = 5

// The bounds of the rows.
const (
	nodeShare   = 0.5 // of the raw updates
	nodesShare  = 0.9 // of one node
	nodesReport = 150 * time.Millisecond
)

// speeds are the figures of all rounds.
type speeds struct {
	raw, one, three, ofRaw, ofOne []float64
	reports, single               []time.Duration // p99
}

// speedRows measures executions that are started and finished, and then reports of progress.
func (c *cluster) speedRows(ctx context.Context) error {
	raw, err := newRawUpdater(ctx, c.url)
	if err != nil {
		return err
	}
	defer func() { _ = raw.db.Close(ctx) }() // nothing more is written
	w := work{devices: c.devices, fleet: c.fleet, spell: c.spell, kind: "finish"}
	var all speeds
	for range speedRounds {
		if err := c.speedRound(ctx, raw, &w, &all); err != nil {
			return err
		}
	}
	c.show("pgx alone, the same conditional updates, 512 a transaction", rate(all.raw))
	c.show(fmt.Sprintf("one node, executions started and finished, %d devices", c.devices),
		rate(all.one))
	share := medianOf(all.ofRaw)
	c.judge("  as a share of pgx alone", percent(share), ">= 50 %", share >= nodeShare)
	c.show("  p99 of a report", brief(quantile(all.single, 0.5), time.Millisecond))
	c.show("three nodes, the same load", rate(all.three))
	share = medianOf(all.ofOne)
	c.judge("  as a share of one node", percent(share), ">= 90 %", share >= nodesShare)
	p99 := quantile(all.reports, 0.5)
	c.judge("  p99 of a report", brief(p99, time.Millisecond), "< 150 ms", p99 < nodesReport)
	return nil
}

// speedRound measures each once: the database alone, one node while no other runs, and three.
func (c *cluster) speedRound(ctx context.Context, raw *rawUpdater, w *work, all *speeds) error {
	alone, err := raw.speed(ctx, c.spell)
	if err != nil {
		return err
	}
	for i := 1; i < nodesCount; i++ {
		if err := c.leave(i); err != nil {
			return err
		}
	}
	if err := c.start(0); err != nil {
		return err
	}
	one, err := c.load(w, 1)
	if err != nil {
		return err
	}
	if err := c.startAll(); err != nil {
		return err
	}
	three, err := c.load(w, nodesCount)
	if err != nil {
		return err
	}
	all.raw = append(all.raw, alone)
	all.one = append(all.one, one.speed())
	all.three = append(all.three, three.speed())
	all.ofRaw = append(all.ofRaw, one.speed()/alone)
	all.ofOne = append(all.ofOne, three.speed()/one.speed())
	all.single = append(all.single, one.P99)
	all.reports = append(all.reports, three.P99)
	return nil
}

// load has devices on the first nodes finish the next executions of the fleet, of which each load has
// its share.
func (c *cluster) load(w *work, nodes int) (result, error) {
	addresses := make([]string, nodes)
	for i := range addresses {
		addresses[i] = c.mqtt(i)
	}
	w.address = strings.Join(addresses, ",")
	w.from, w.until = w.until, w.until+w.fleet/(2*speedRounds)
	return w.run()
}

// medianOf is the median.
func medianOf(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// rate is the median as a cell of the table.
func rate(all []float64) string { return fmt.Sprintf("%.0f/s", medianOf(all)) }
