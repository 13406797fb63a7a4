package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// outsideRows measures the built binary from outside: start, devices over MQTT, size.
func outsideRows(ctx context.Context, dir string, s sizes, binary string, bound float64) error {
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
	row("cold start, empty folder, to the first answered request, p50",
		brief(quantile(starts, 0.5), time.Millisecond), "100 ms")
	if err := skeletonRow(binary); err != nil {
		return err
	}
	if err := mqttRows(ctx, dir, s, binary, bound); err != nil {
		return err
	}
	if err := presignedRows(ctx, dir, s, binary); err != nil {
		return err
	}
	if err := artifactRows(ctx, dir, s, binary); err != nil {
		return err
	}
	return deviceRows(ctx, dir, s, binary)
}

// deviceRows measures connections of devices.
func deviceRows(ctx context.Context, dir string, s sizes, binary string) error {
	return errors.Join(tlsRows(ctx, dir, s, binary), crowdRows(ctx, dir, s, binary))
}

// skeletonRow measures a command that asks no server: what starting the program costs.
func skeletonRow(binary string) error {
	took, err := timed(20, func(int) error {
		return exec.Command(binary, "iot", "update-job", "--generate-cli-skeleton").Run()
	})
	if err != nil {
		return err
	}
	row("drover iot update-job --generate-cli-skeleton, p50",
		brief(quantile(took, 0.5), 100*time.Microsecond), "20 ms")
	return nil
}

// process is a running child whose processor time can be read.
type process struct {
	*exec.Cmd
	endpoints struct{ HTTP, HTTPS, MQTT, MQTTS, Region, AccessKeyID, SecretAccessKey string }
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

// memory is what the process has resident, in KiB.
func (p *process) memory() int64 { return status(p.Process.Pid, "VmRSS:") }

// status reads one of the sizes that the kernel keeps of a process, in KiB.
func status(pid int, field string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), field)
	value, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	size, _ := strconv.ParseInt(value, 10, 64) // 0 on a system without it
	return size
}

// startServer starts the binary on a folder, with more variables such as DROVER_STORE=…, and returns
// when it has answered a request.
func startServer(binary, dir string, variables ...string) (*process, time.Duration, error) {
	return startServerWith(binary, dir, nil, variables...)
}

// startServerWith is startServer with further options.
func startServerWith(
	binary, dir string, options []string, variables ...string,
) (*process, time.Duration, error) {
	const free = "127.0.0.1:0" // any free port of loopback
	args := append([]string{"serve", "--data", dir, "--log", "error",
		"--http", free, "--https", free, "--mqtt", free, "--mqtts", free}, options...)
	p := &process{Cmd: exec.Command(binary, args...)}
	p.Env = append(os.Environ(), variables...)
	_ = os.Remove(filepath.Join(dir, "endpoints.json")) // one that a kill has left
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
func mqttRows(ctx context.Context, dir string, s sizes, binary string, bound float64) error {
	peer, err := startPeer("listener")
	if err != nil {
		return err
	}
	defer peer.kill()
	for _, load := range []struct{ kind, name string }{
		{"finish", "executions started and finished over MQTT"},
		{"progress", "progress reports over MQTT"},
	} {
		w := work{devices: s.devices, fleet: s.active, spell: s.spell, kind: load.kind}
		if load.kind == "progress" {
			w.fleet = s.devices // each is one thing
		}
		data := filepath.Join(dir, load.kind)
		if err := prepareDevices(ctx, data, w.fleet, plainDocument); err != nil {
			return err
		}
		if err := durableRows(w, load.name, binary, data, peer.endpoints.MQTT, bound); err != nil {
			return err
		}
	}
	return nil
}

// durableRows runs one load against the peer and against a server on the data folder.
func durableRows(w work, name, binary, data, peer string, bound float64) error {
	w.address = peer
	idle, err := w.run()
	if err != nil {
		return err
	}
	server, _, err := startServer(binary, data)
	if err != nil {
		return err
	}
	defer server.kill()
	w.address = strings.TrimPrefix(server.endpoints.MQTT, "mqtt://")
	before := server.cpu()
	durable, err := w.run()
	if err != nil {
		return err
	}
	spent := server.cpu() - before
	row(fmt.Sprintf("%s, %d active devices, no store", name, w.devices),
		perSecond(idle.Requests, idle.Took), "")
	row("  the same, durable", perSecond(durable.Requests, durable.Took), "")
	row("  as a share of no store", percent(durable.speed()/idle.speed()), "50 %")
	row("  as a share of SQLite alone", percent(durable.speed()/bound), "")
	row("  p50, p99",
		brief(durable.P50, time.Millisecond)+", "+brief(durable.P99, time.Millisecond), "p99 100 ms")
	row("  processor time of the server per report",
		brief(spent/time.Duration(durable.Requests), time.Microsecond), "")
	return nil
}

// prepareDevices makes a data folder whose things have an execution each, of a job with a document.
func prepareDevices(ctx context.Context, data string, things int, document string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	r, err := newRig(ctx, filepath.Join(data, "drover.db"))
	if err != nil {
		return err
	}
	if _, err := r.fleet(ctx, "large", 0, things, 1024); err != nil {
		return err
	}
	if err := r.createWith(ctx, "large", "large", document); err != nil {
		return err
	}
	if err := r.release(ctx, "large", things); err != nil {
		return err
	}
	return r.stop()
}

// startPeer starts another part of this program as a process of its own, which prints where it
// listens.
func startPeer(part ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{Cmd: exec.Command(self, part...)}
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

// run runs the load in a process of its own.
func (w work) run() (r result, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	load := exec.Command(self, "load", "-address", w.address, "-kind", w.kind,
		"-devices", fmt.Sprint(w.devices), "-fleet", fmt.Sprint(w.fleet),
		"-from", fmt.Sprint(w.from), "-until", fmt.Sprint(w.until), "-for", w.spell.String())
	load.Stderr = os.Stderr
	out, err := load.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}
