package test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/test/testserver"
)

// What deploy has for those who watch a fleet, tried with the real Prometheus and promtool, which
// scripts/setup-tests.sh installs (R-OBS-7).

// ofPrometheus is the path of one of its programs.
func ofPrometheus(t *testing.T, program string) string {
	t.Helper()
	path := must[string](t)(filepath.Abs(filepath.Join("..", ".tools", "prometheus", program)))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: make setup installs it", err)
	}
	return path
}

// The configuration is one, and each alert fires when its test says so and not before.
func TestAlerts(t *testing.T) { // R-OBS-7
	t.Parallel()
	for _, words := range [][]string{
		{"check", "config", "prometheus.yml"},
		{"check", "rules", "alerts.yml"},
		{"test", "rules", "alerts_test.yml"},
	} {
		command := exec.CommandContext(t.Context(), ofPrometheus(t, "promtool"), words...)
		command.Dir = filepath.Join("..", "deploy", "prometheus")
		if printed, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(words, " "), err, printed)
		}
	}
	rules := string(must[[]byte](t)(os.ReadFile("../deploy/prometheus/alerts.yml")))
	tests := string(must[[]byte](t)(os.ReadFile("../deploy/prometheus/alerts_test.yml")))
	for _, alert := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(rules, -1) {
		if strings.Count(tests, "alertname: "+alert[1]+"\n") < 2 {
			t.Errorf("%s has no test of when it fires and when it does not", alert[1])
		}
	}
}

// A real Prometheus scrapes a server: every metric that the dashboard and the alerts name is there,
// every panel shows something, and every rule can be evaluated.
func TestPrometheus(t *testing.T) { // R-OBS-1, R-OBS-7
	t.Parallel()
	s := testserver.Serve(t)
	(&server{Server: s, t: t}).ask("POST", "/_drover/sinks/hook", `{"kind":"WEBHOOK","url":"https://127.0.0.1:1"}`)
	p := startPrometheus(t, s)
	panels := panelQueries(t)
	names := metricNames(slices.Collect(maps.Values(panels)))
	rules := must[[]byte](t)(os.ReadFile("../deploy/prometheus/alerts.yml"))
	texts := regexp.MustCompile(`(?m)^ +(summary|description):.*$`)
	names = append(names, metricNames([]string{string(texts.ReplaceAll(rules, nil))})...)
	if len(panels) < 20 || len(names) < 20 {
		t.Fatalf("only %d panels with %d metrics", len(panels), len(names))
	}
	for _, name := range names {
		panels["the metric "+name] = "count(" + name + ")"
	}
	p.waitFor(t, panels)
	var loaded struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	p.ask(t, "/api/v1/rules", &loaded)
	checked := 0
	for _, group := range loaded.Data.Groups {
		for _, rule := range group.Rules {
			checked++
			if rule.Health != "ok" {
				t.Errorf("%s is %s: %s", rule.Name, rule.Health, rule.LastError)
			}
		}
	}
	if want := strings.Count(string(rules), "- alert:"); checked != want {
		t.Errorf("%d rules are loaded, of %d", checked, want)
	}
}

// panelQueries are the queries of the dashboard, by where they stand, with its variables filled in.
func panelQueries(t *testing.T) map[string]string {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
	}
	text := must[[]byte](t)(os.ReadFile("../deploy/grafana/dashboard.json"))
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			queries["the panel "+panel.Title+" "+target.RefID] = strings.NewReplacer(
				"$__rate_interval", "5s", "$instance", ".*").Replace(target.Expr)
		}
	}
	return queries
}

// metricNames are the metrics that queries name.
func metricNames(queries []string) (names []string) {
	name := regexp.MustCompile(`\b(drover|go|process)_[a-z_]+\b`)
	for _, query := range queries {
		names = append(names, name.FindAllString(query, -1)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// prometheus is one that runs until the test ends.
type prometheus struct {
	address string
	server  *testserver.Server
	printed *testserver.Output
}

// startPrometheus has Prometheus scrape a server often, with the rules of deploy.
func startPrometheus(t *testing.T, s *testserver.Server) *prometheus {
	t.Helper()
	free := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	p := &prometheus{address: free.Addr().String(), server: s, printed: &testserver.Output{}}
	free.Close()
	dir := t.TempDir()
	rules := must[string](t)(filepath.Abs("../deploy/prometheus/alerts.yml"))
	config := fmt.Sprintf(`
global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
  - job_name: drover
    static_configs: [{targets: [%q]}]
`, rules, strings.TrimPrefix(s.HTTP, "http://"))
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(ofPrometheus(t, "prometheus"), "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+p.address,
		"--log.level=warn")
	command.Stdout, command.Stderr = p.printed, p.printed
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return p
}

// ask asks Prometheus, and reports whether it answered. A query that is wrong ends the test.
func (p *prometheus) ask(t *testing.T, path string, into any) bool {
	t.Helper()
	r := must[*http.Request](t)(http.NewRequestWithContext(
		t.Context(), http.MethodGet, "http://"+p.address+path, http.NoBody))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false // it starts
	}
	defer answer.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(answer.Body); err != nil || answer.StatusCode == http.StatusServiceUnavailable {
		return false
	}
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", path, answer.Status, &text)
	}
	if err := json.Unmarshal(text.Bytes(), into); err != nil {
		t.Fatal(err)
	}
	return true
}

// waitFor waits until each query has a result. Meanwhile requests are made, refused ones too, so that
// there are rates.
func (p *prometheus) waitFor(t *testing.T, queries map[string]string) {
	t.Helper()
	client := p.server.Control()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, _ = client.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: aws.String("none")})
		_, err := client.CreateThing(ctx, &iot.CreateThingInput{ThingName: aws.String("pump")})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		for where, query := range queries {
			var found struct{ Data struct{ Result []any } }
			if p.ask(t, "/api/v1/query?query="+url.QueryEscape(query), &found) &&
				len(found.Data.Result) > 0 {
				delete(queries, where)
			}
		}
		if len(queries) == 0 {
			return
		}
		if time.Now().After(deadline) {
			for where, query := range queries {
				t.Errorf("%s shows nothing: %s", where, query)
			}
			t.Fatalf("Prometheus printed:\n%s", p.printed)
		}
	}
}
