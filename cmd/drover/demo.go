package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/client"
)

const demoAbout = `A first look: a server on an empty temporary folder, devices in this process that speak real MQTT to it, and a job
that is changed while it runs. The server's clock is a virtual one that this command moves: a second of the
demonstration is half a minute of the fleet.`

// runDemo shows the main job from an empty folder to COMPLETED.
func runDemo(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	things := flags.Int("things", 200, "`number` of devices, 1 to 1000")
	keep := flags.Bool("keep", false, "leave the server up afterwards, with the commands to try")
	if err := parse(flags, args, demoAbout); err != nil {
		return err
	}
	if *things < 1 || *things > 1000 {
		return fmt.Errorf("--things %d: must be 1 to 1000", *things)
	}
	dir, err := os.MkdirTemp("", "drover-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return withServer(ctx, dir, func(ctx context.Context, s *app.Server) error {
		d := newDemo(s, *things, os.Stdout)
		if err := d.run(ctx); err != nil || !*keep {
			return err
		}
		fmt.Print("\nThe server stays up until Ctrl-C. Its clock stands still now.\n\n" + tryNext(s))
		<-ctx.Done()
		return nil
	})
}

// withServer runs f beside a server on free ports, and stops the server when f returns.
func withServer(ctx context.Context, dir string, f func(context.Context, *app.Server) error) error {
	c := app.Default()
	c.Data, c.Virtual = filepath.Join(dir, "data"), true
	c.HTTP, c.HTTPS, c.MQTT, c.MQTTS = "127.0.0.1:0", "", "127.0.0.1:0", ""
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	server, err := open(ctx, c)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ready, stopped := make(chan struct{}), make(chan error, 1)
	go func() { stopped <- server.Run(running, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-stopped:
		return err
	}
	err = f(ctx, server)
	stop()
	if failed := <-stopped; err == nil {
		err = failed
	}
	if ctx.Err() != nil {
		return nil // the user has seen enough
	}
	return err
}

// demo is one demonstration.
type demo struct {
	server *app.Server
	client *client.Client
	things int
	out    io.Writer
	start  time.Time
	shown  string
}

func newDemo(s *app.Server, things int, out io.Writer) *demo {
	return &demo{server: s, things: things, out: out, client: operator(s.Endpoints)}
}

const demoJob = "fw-2-4-1"

// run makes a fleet, connects it, and runs the job.
func (d *demo) run(ctx context.Context) error {
	group := iot.ThingGroupName("demo")
	if _, err := client.Call(ctx, d.client, iot.CreateThingGroup, &iot.CreateThingGroupRequest{ThingGroupName: group}); err != nil {
		return err
	}
	devices, stop := context.WithCancel(ctx)
	var working sync.WaitGroup
	defer working.Wait()
	defer stop()
	fmt.Fprintf(d.out, "%d devices connect to %s\n", d.things, d.server.Endpoints.MQTT)
	for i := range d.things {
		name := iot.ThingName(fmt.Sprintf("pump-%03d", i+1))
		if err := d.join(ctx, name, group); err != nil {
			return err
		}
		device, err := connectDevice(d.server.Endpoints.MQTT, string(name))
		if err != nil {
			return err
		}
		working.Go(func() { device.run(devices, d.server.Log) })
	}
	return d.story(ctx)
}

func (d *demo) join(ctx context.Context, thing iot.ThingName, group iot.ThingGroupName) error {
	if _, err := client.Call(ctx, d.client, iot.CreateThing, &iot.CreateThingRequest{ThingName: thing}); err != nil {
		return err
	}
	_, err := client.Call(ctx, d.client, iot.AddThingToThingGroup, &iot.AddThingToThingGroupRequest{ThingName: &thing, ThingGroupName: &group})
	return err
}

// tryNext is what to type in another terminal.
func tryNext(s *app.Server) string {
	e := s.Endpoints
	return fmt.Sprintf(`  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=%s
  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s
  aws iot describe-job --job-id %s
  aws iot list-job-executions-for-job --job-id %s --status FAILED
  curl -X POST -d '{"advance":"1h"}' %s/_drover/clock
`, e.HTTP, e.Region, e.AccessKeyID, e.SecretAccessKey, demoJob, demoJob, e.HTTP)
}
