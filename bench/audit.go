package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

// What the audit log costs: things made by signed requests to a server that keeps one, beside a
// server that keeps none, in many short turns. The machine may be busy with other things, and each
// turn meets another state of it, so that the sums of all turns are compared. The rate is what the
// rule speaks of; the time of the server's processors says what is left for others.

const (
	// auditShare is how many things must be made with an audit log for those made without (R-AUD-5).
	auditShare = 0.95
	// auditTurns is how many turns each of the two has.
	auditTurns = 60
	// auditCallers is how many requests are in flight.
	auditCallers = 64
)

// auditedServer is one of the two servers.
type auditedServer struct {
	*process
	client *client.Client
	next   int // the number of its next thing
	made   int
	used   time.Duration // of processors, while it made them
	took   time.Duration
}

// each is what a duration is for one of the things that the server has made.
func (s *auditedServer) each(d time.Duration) time.Duration { return d / time.Duration(s.made) }

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
	turn := s.fleet / auditTurns / 2
	for i := range 2 * (auditTurns + 1) {
		server := []*auditedServer{with, without, without, with}[i%4]
		if err := server.make(ctx, turn); err != nil {
			return err
		}
		if i == 1 { // caches are warm now
			with.used, with.took, without.used, without.took = 0, 0, 0, 0
			with.made, without.made = 0, 0
		}
	}
	for _, of := range []struct {
		name   string
		server *auditedServer
	}{{"without an audit log", without}, {"with one", with}} {
		row("CreateThing "+of.name+": processors of the server, time", fmt.Sprintf("%v, %v",
			of.server.each(of.server.used).Round(100*time.Nanosecond),
			of.server.each(of.server.took).Round(time.Microsecond)), "")
	}
	share := float64(without.each(without.took)) / float64(with.each(with.took))
	row("  things made with an audit log, for those without", percent(share), ">= 95 %")
	used := float64(without.each(without.used)) / float64(with.each(with.used))
	row("  by the time of the server's processors", percent(used), "")
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

// make makes n things.
func (s *auditedServer) make(ctx context.Context, n int) error {
	attributes := &iot.AttributePayload{
		Attributes: iot.Attributes{"site": "hall-4", "model": "p-200", "firmware": "2.4.1"},
	}
	used, start := s.cpu(), time.Now()
	err := each(n, auditCallers, func(i int) error {
		_, err := client.Call(ctx, s.client, iot.CreateThing, &iot.CreateThingRequest{
			ThingName:        iot.ThingName(thing(s.next + i)),
			AttributePayload: attributes,
		})
		return err
	})
	s.next, s.made = s.next+n, s.made+n
	s.used, s.took = s.used+s.cpu()-used, s.took+time.Since(start)
	return err
}
