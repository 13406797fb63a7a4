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

// The demonstration is all that Drover is for in a minute: a server, a fleet of real MQTT
// devices, and an operator. All three are in this process and meet only over the network, as
// anybody's would. The story is in demo_story.go, a device in demo_device.go.

// demoAbout is the help text of drover demo.
const demoAbout = `A first look: a server on an empty temporary folder, devices in this process that
speak real MQTT to it, and a job that is changed while it runs. The job ships a file, which each
device downloads from the server and checks. The server's clock is a virtual one that this command
moves: a second of the demonstration is half a minute of the fleet.`

// runDemo shows the main job from an empty folder to COMPLETED. The folder is removed at the end,
// with --keep at the signal that ends the server.
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
	// The folder is gone afterwards: keys and all.
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
		fmt.Print("\nThe server stays up until Ctrl-C. Its clock stands still now.\n\n")
		fmt.Print(tryNext(s))
		<-ctx.Done()
		return nil
	})
}

// withServer runs f beside a server on free ports, and stops the server when f returns. A user
// who has seen enough and presses Ctrl-C is no error.
func withServer(ctx context.Context, dir string, f func(context.Context, *app.Server) error) error {
	// Port 0 is a free one: a demonstration can run beside a server, and beside another one.
	c := app.Default()
	c.Data, c.Virtual = filepath.Join(dir, "data"), true
	c.HTTP, c.HTTPS, c.MQTT, c.MQTTS = "127.0.0.1:0", "", "127.0.0.1:0", ""
	warnings := &slog.HandlerOptions{Level: slog.LevelWarn}
	c.Log = slog.New(slog.NewTextHandler(os.Stderr, warnings))
	server, err := open(ctx, c)
	if err != nil {
		return err
	}
	// The server outlives ctx by a moment, so that f can end before it is gone.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	// It says that it is ready, or it ends with an error, such as a port that is taken.
	ready, stopped := make(chan struct{}), make(chan error, 1)
	go func() { stopped <- server.Run(running, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-stopped:
		return err
	}
	// The error of f is the interesting one; that of the server counts when f succeeded.
	err = f(ctx, server)
	stop()
	if failed := <-stopped; err == nil {
		err = failed
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// demo is one demonstration.
type demo struct {
	server *app.Server
	client *client.Client // of the server
	things int            // in the fleet, each with a device
	out    io.Writer      // where the story is told
	start  time.Time      // of the job, by the server's clock
	shown  string         // the last line about the job; equal lines are shown once
}

// newDemo returns a demonstration on a running server.
func newDemo(s *app.Server, things int, out io.Writer) *demo {
	return &demo{server: s, things: things, out: out, client: operator(s.Endpoints)}
}

// demoJob is the id of the job.
const demoJob = "fw-2-4-1"

// run makes a fleet, connects it, and runs the job. Things join the group one after the other, by
// the same requests that an operator would make.
func (d *demo) run(ctx context.Context) error {
	group := iot.ThingGroupName("demo")
	_, err := client.Call(ctx, d.client, iot.CreateThingGroup, &iot.CreateThingGroupRequest{
		ThingGroupName: group,
	})
	if err != nil {
		return err
	}
	// The devices stop before the server does.
	devices, stop := context.WithCancel(ctx)
	var working sync.WaitGroup
	defer working.Wait()
	defer stop()
	fmt.Fprintf(d.out, "%d devices connect to %s\n", d.things, d.server.Endpoints.MQTT)
	// Every device is connected before the job is there, as in a fleet that is in use.
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

// join makes a thing and adds it to the group. The job's target is the group, so a thing that
// joined before the job is a target.
func (d *demo) join(ctx context.Context, thing iot.ThingName, group iot.ThingGroupName) error {
	create := &iot.CreateThingRequest{ThingName: thing}
	if _, err := client.Call(ctx, d.client, iot.CreateThing, create); err != nil {
		return err
	}
	add := &iot.AddThingToThingGroupRequest{ThingName: &thing, ThingGroupName: &group}
	_, err := client.Call(ctx, d.client, iot.AddThingToThingGroup, add)
	return err
}

// tryNext is what to type in another terminal: how to look at the job, and how to move the clock.
func tryNext(s *app.Server) string {
	e := s.Endpoints
	return fmt.Sprintf(`  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=%s
  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s
  aws iot describe-job --job-id %s
  aws iot list-job-executions-for-job --job-id %s --status FAILED
  curl -H 'content-type: application/json' -d '{"advance":"1h"}' %s/_drover/clock
`, e.HTTP, e.Region, e.AccessKeyID, e.SecretAccessKey, demoJob, demoJob, e.HTTP)
}
