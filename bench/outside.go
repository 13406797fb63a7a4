package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

// outsideRows measures the built binary from outside: start, devices over MQTT, size.
func outsideRows(ctx context.Context, dir string, s sizes, binary string) error {
	info, err := os.Stat(binary)
	if err != nil {
		return fmt.Errorf("%w; run make build", err)
	}
	row("binary", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "60 MB")
	var starts []time.Duration
	for i := range 5 {
		server, took, err := startServer(binary, filepath.Join(dir, fmt.Sprint("start", i)))
		if err != nil {
			return err
		}
		server.kill()
		starts = append(starts, took)
	}
	row("cold start, empty folder, to the first answered request, p50", quantile(starts, 0.5).Round(time.Millisecond).String(), "100 ms")
	if err := skeletonRow(binary); err != nil {
		return err
	}
	return mqttRows(ctx, dir, s, binary)
}

func skeletonRow(binary string) error {
	took, err := timed(20, func(int) error { return exec.Command(binary, "iot", "update-job", "--generate-cli-skeleton").Run() })
	if err != nil {
		return err
	}
	row("drover iot update-job --generate-cli-skeleton, p50", quantile(took, 0.5).Round(100*time.Microsecond).String(), "20 ms")
	return nil
}

// process is a running child whose processor time can be read.
type process struct {
	*exec.Cmd
	endpoints struct{ HTTP, MQTT, Region, AccessKeyID, SecretAccessKey string }
}

func (p *process) kill() {
	_ = p.Process.Kill() // it may be gone
	_ = p.Wait()
}

// cpu is the processor time that the process has used.
func (p *process) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // clock ticks of 100 a second
}

// startServer starts the binary on a folder and returns when it has answered a request.
func startServer(binary, dir string) (*process, time.Duration, error) {
	p := &process{Cmd: exec.Command(binary, "serve", "--data", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--mqtts", "127.0.0.1:0", "--log", "error")}
	start := time.Now()
	if err := p.Start(); err != nil {
		return nil, 0, err
	}
	for time.Since(start) < 10*time.Second {
		text, err := os.ReadFile(filepath.Join(dir, "endpoints.json"))
		if err == nil && json.Unmarshal(text, &p.endpoints) == nil {
			answer, err := http.Get(p.endpoints.HTTP + "/_drover/clock")
			if err != nil {
				return nil, 0, err
			}
			answer.Body.Close()
			return p, time.Since(start), nil
		}
		time.Sleep(time.Millisecond)
	}
	p.kill()
	return nil, 0, fmt.Errorf("the server did not start")
}

// mqttRows measures durable reports over MQTT beside the same listener with no store.
func mqttRows(ctx context.Context, dir string, s sizes, binary string) error {
	server, _, err := startServer(binary, filepath.Join(dir, "mqtt"))
	if err != nil {
		return err
	}
	defer server.kill()
	if err := prepareDevices(ctx, server, s.devices); err != nil {
		return err
	}
	before := server.cpu()
	durable, err := runLoad(strings.TrimPrefix(server.endpoints.MQTT, "mqtt://"), s)
	if err != nil {
		return err
	}
	spent := server.cpu() - before
	peer, err := startListener()
	if err != nil {
		return err
	}
	defer peer.kill()
	idle, err := runLoad(peer.endpoints.MQTT, s)
	if err != nil {
		return err
	}
	with, without := float64(durable.Requests)/durable.Took.Seconds(), float64(idle.Requests)/idle.Took.Seconds()
	row(fmt.Sprintf("reports over MQTT, %d active devices, no store", s.devices), fmt.Sprintf("%.0f/s", without), "")
	row("the same, durable", fmt.Sprintf("%.0f/s", with), "")
	row("  as a share of no store", fmt.Sprintf("%.0f %%", 100*with/without), "50 %")
	row("  p50, p99", fmt.Sprintf("%s, %s", durable.P50.Round(time.Millisecond), durable.P99.Round(time.Millisecond)), "p99 100 ms")
	row("  processor time of the server per report", (spent / time.Duration(durable.Requests)).Round(time.Microsecond).String(), "")
	return nil
}

// prepareDevices gives every device an execution.
func prepareDevices(ctx context.Context, server *process, n int) error {
	e := server.endpoints
	c := client.Client{Endpoint: e.HTTP, Region: e.Region, AccessKeyID: e.AccessKeyID, SecretAccessKey: e.SecretAccessKey}
	group := iot.ThingGroupName("active")
	if _, err := client.Call(ctx, c, iot.CreateThingGroup, &iot.CreateThingGroupRequest{ThingGroupName: group}); err != nil {
		return err
	}
	if err := each(n, 16, func(i int) error {
		name := iot.ThingName(thing(i))
		if _, err := client.Call(ctx, c, iot.CreateThing, &iot.CreateThingRequest{ThingName: name}); err != nil {
			return err
		}
		_, err := client.Call(ctx, c, iot.AddThingToThingGroup, &iot.AddThingToThingGroupRequest{ThingName: &name, ThingGroupName: &group})
		return err
	}); err != nil {
		return err
	}
	if _, err := client.Call(ctx, c, iot.CreateJob, &iot.CreateJobRequest{
		JobID: "large", Targets: iot.JobTargets{"arn:aws:iot:us-east-1:000000000000:thinggroup/active"}, Document: new(iot.Document("{}")),
	}); err != nil {
		return err
	}
	for range 1000 { // the background finishes what is more than a small first tick
		out, err := client.Call(ctx, c, iot.DescribeJob, &iot.DescribeJobRequest{JobID: "large"})
		if err != nil {
			return err
		}
		if !*out.Job.IsConcurrent {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("the job did not roll out")
}

func startListener() (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{Cmd: exec.Command(self, "listener")}
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	p.endpoints.MQTT = strings.TrimSpace(address)
	return p, err
}

func runLoad(address string, s sizes) (r result, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	load := exec.Command(self, "load", "-address", address, "-devices", fmt.Sprint(s.devices), "-for", s.spell.String())
	load.Stderr = os.Stderr
	out, err := load.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}
