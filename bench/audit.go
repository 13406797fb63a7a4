package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

// What the audit log costs: things made by signed requests to a server that keeps one, beside a
// server that keeps none, in turns.

const (
	// auditShare is how many things must be made with an audit log for those made without (R-AUD-5).
	auditShare = 0.95
	// auditRounds is how often both are measured; the middle ratio counts.
	auditRounds = 15
	// auditCallers is how many requests are in flight.
	auditCallers = 64
)

// auditedServer is one of the two servers.
type auditedServer struct {
	*process
	client *client.Client
	made   int
}

// auditOnly prints the table of what the audit log costs. The error says that it is too much.
func auditOnly(ctx context.Context, dir string, s sizes, binary string) error {
	with, err := startAudited(binary, filepath.Join(dir, "with"), 730)
	if err != nil {
		return err
	}
	defer with.kill()
	without, err := startAudited(binary, filepath.Join(dir, "without"), 0)
	if err != nil {
		return err
	}
	defer without.kill()
	things := s.fleet / auditRounds / 2
	var costs, rates []float64
	for round := range auditRounds + 1 {
		pair := [2]*auditedServer{without, with}
		if round%2 == 1 { // whoever is second has the machine in another state
			pair[0], pair[1] = pair[1], pair[0]
		}
		var cost, rate [2]float64
		for i, server := range pair {
			if cost[i], rate[i], err = server.make(ctx, things); err != nil {
				return err
			}
		}
		if round%2 == 1 {
			cost[0], cost[1], rate[0], rate[1] = cost[1], cost[0], rate[1], rate[0]
		}
		if round == 0 {
			continue // caches were cold
		}
		fmt.Printf("CreateThing without an audit log: %.1f µs of the server's processors, %.0f/s; with one: "+
			"%.1f µs, %.0f/s\n", cost[0], rate[0], cost[1], rate[1])
		costs = append(costs, cost[0]/cost[1])
		rates = append(rates, rate[1]/rate[0])
	}
	share := medianOf(rates)
	row("things made a second with an audit log, for those without", percent(share), ">= 95 %")
	row("  by the time of the server's processors", percent(medianOf(costs)), "")
	if share < auditShare {
		return errors.New("the audit log costs too much of CreateThing")
	}
	return nil
}

// startAudited starts a server that keeps records for so many days.
func startAudited(binary, dir string, days int) (*auditedServer, error) {
	p, _, err := startServerWith(binary, dir, []string{"--audit-days", fmt.Sprint(days)})
	if err != nil {
		return nil, err
	}
	key := client.Credentials{
		AccessKeyID:     p.endpoints.AccessKeyID,
		SecretAccessKey: p.endpoints.SecretAccessKey,
	}
	transport := &http.Transport{MaxIdleConnsPerHost: auditCallers}
	server := client.New(p.endpoints.HTTP, key, client.Region(p.endpoints.Region),
		client.HTTPClient(&http.Client{Transport: transport}))
	return &auditedServer{process: p, client: server}, nil
}

// make makes n things, and returns what one took of the server's processors, in µs, and how many
// were made a second.
func (s *auditedServer) make(ctx context.Context, n int) (cost, rate float64, err error) {
	attributes := &iot.AttributePayload{
		Attributes: iot.Attributes{"site": "hall-4", "model": "p-200", "firmware": "2.4.1"},
	}
	var done atomic.Int64
	before, start := s.cpu(), time.Now()
	err = each(n, auditCallers, func(i int) error {
		_, err := client.Call(ctx, s.client, iot.CreateThing, &iot.CreateThingRequest{
			ThingName:        iot.ThingName(thing(s.made + i)),
			AttributePayload: attributes,
		})
		done.Add(1)
		return err
	})
	s.made += n
	made := float64(done.Load())
	return float64((s.cpu() - before).Microseconds()) / made, made / time.Since(start).Seconds(), err
}
