package test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"
	mqtt "github.com/eclipse/paho.mqtt.golang"
	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/drover-iot/drover/test/objectstore"
	"github.com/drover-iot/drover/test/testpostgres"
	"github.com/drover-iot/drover/test/testserver"
)

// Several servers on one database, as devices and operators meet them. What goes wrong with them is
// in package test/nodes.

// nodes are servers on one database, which run.
func nodes(t *testing.T, n int, flags ...string) []*server {
	t.Helper()
	return nodesWith(t, n, nil, flags...)
}

// nodesWith are such servers with variables of the environment.
func nodesWith(t *testing.T, n int, env []string, flags ...string) (all []*server) {
	t.Helper()
	store := testpostgres.Schema(t)
	secret := strings.Repeat("0123456789abcdef", 4)
	for range n {
		s := &server{Server: testserver.New(t), t: t}
		s.Store, s.Env = store, append([]string{"DROVER_SECRET=" + secret}, env...)
		s.Start(flags...)
		all = append(all, s)
	}
	return all
}

// A device is notified at whichever node it is connected of what was done on any other, and every
// node answers everything that another has acknowledged (R-NODE-3, R-NODE-6).
func TestNodesAreOneServer(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3)
	all[0].fleet("g", 3)
	in := map[string]*inbox{}
	for i, s := range all {
		thing := thingName(i)
		in[thing] = newInbox(t)
		d := must[*v3](t)(connect3(t, s.MQTT, thing, nil, in[thing]))
		d.subscribe("$aws/things/" + thing + "/jobs/notify-next")
	}
	for i, s := range all {
		job := fmt.Sprintf("job-%d", i)
		s.create(job, "g", nil)
		for thing, in := range in {
			if i == 0 {
				if m := in.expect("/notify-next"); m.at("execution.jobId") != job {
					t.Errorf("%s is told: %s", thing, m.Text)
				}
			}
		}
		for _, other := range all {
			_, err := other.Control().DescribeJob(within(t, 5*time.Second), &iot.DescribeJobInput{JobId: &job})
			if err != nil {
				t.Errorf("another node about %s: %v", job, err)
			}
		}
	}
	d := dialCrash(all[2].MQTT, "t0001-worker")
	if d == nil {
		t.Fatal("no connection")
	}
	answer, ok := d.ask("$aws/things/t0001/jobs/job-0/update", `{"status":"SUCCEEDED","includeJobExecutionState":true}`)
	if !ok || answer.ExecutionState.Status != "SUCCEEDED" {
		t.Fatalf("the report on another node: %+v", answer)
	}
	if m := in["t0001"].expect("/notify-next"); m.at("execution.jobId") != "job-1" {
		t.Errorf("after a report on another node: %s", m.Text)
	}
}

// A client id is connected once over all nodes, and its session is met on every node with what
// waits in it, each message once (R-NODE-7).
func TestSessionsGoFromNodeToNode(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2)
	all[0].fleet("g", 1)
	in := newInbox(t)
	first, known := rejoin(t, all[0].MQTT, "t0001", in)
	if known {
		t.Fatal("a session before the first")
	}
	for _, topic := range []string{"$aws/things/t0001/jobs/notify-next", "to/t0001"} {
		if token := first.Subscribe(topic, 1, nil); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
			t.Fatalf("subscribe: %v", token.Error())
		}
	}
	second, known := rejoin(t, all[1].MQTT, "t0001", in)
	if !known {
		t.Error("the session is not known on the other node")
	}
	eventually(t, "the older connection ends", func() bool { return !first.IsConnected() })
	all[0].create("one", "g", nil)
	if m := in.expect("/notify-next"); m.at("execution.jobId") != "one" {
		t.Errorf("on the other node: %s", m.Text)
	}
	second.Disconnect(100)
	client := must[*v3](t)(connect3(t, all[1].MQTT, "publisher", nil, newInbox(t)))
	for i := range 5 {
		client.publish("to/t0001", fmt.Sprint(i))
	}
	if _, known = rejoin(t, all[0].MQTT, "t0001", in); !known {
		t.Error("the session is not known on the node that had it first")
	}
	for i := range 5 {
		if m := in.expect("to/t0001"); m.Text != fmt.Sprint(i) {
			t.Fatalf("message %q, want %d", m.Text, i)
		}
	}
	in.empty()
}

// When a node is killed, another one goes on for its clients: it publishes their
// wills and that they are disconnected, and their sessions have lost nothing (R-NODE-8).
func TestNodeIsLost(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2)
	all[0].fleet("g", 1)
	watched := newInbox(t)
	watcher := must[*v3](t)(connect3(t, all[1].MQTT, "watcher", nil, watched))
	watcher.subscribe("wills/#")
	watcher.subscribe("$aws/events/presence/disconnected/t0001")

	in := newInbox(t)
	device, _ := rejoin(t, all[0].MQTT, "t0001", in)
	if token := device.Subscribe("$aws/things/t0001/jobs/notify-next", 1, nil); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatalf("subscribe: %v", token.Error())
	}
	options := mqtt.NewClientOptions().AddBroker(strings.Replace(all[0].MQTT, "mqtt://", "tcp://", 1)).SetClientID("dying").
		SetAutoReconnect(false).SetWill("wills/dying", "farewell", 1, false)
	dying := mqtt.NewClient(options)
	if token := dying.Connect(); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatalf("connect: %v", token.Error())
	}
	all[0].Kill()
	all[1].create("meanwhile", "g", nil)
	seen := map[string]message{}
	for timeout := time.After(30 * time.Second); len(seen) < 2; { // make bench-nodes holds the 10 s
		select {
		case m := <-watched.messages:
			seen[m.Topic] = m
		case <-timeout:
			t.Fatalf("of its clients is known after 30 s: %v", seen)
		}
	}
	if m := seen["wills/dying"]; m.Text != "farewell" {
		t.Errorf("the will is %q", m.Text)
	}
	var gone struct{ ClientID, DisconnectReason string }
	if err := json.Unmarshal([]byte(seen["$aws/events/presence/disconnected/t0001"].Text), &gone); err != nil || gone.ClientID != "t0001" {
		t.Errorf("the event is %+v, %v", gone, err)
	}
	_, known := rejoin(t, all[1].MQTT, "t0001", in)
	if !known {
		t.Error("the session is lost")
	}
	if m := in.expect("/notify-next"); m.at("execution.jobId") != "meanwhile" {
		t.Errorf("what was announced meanwhile: %s", m.Text)
	}
	all[0].Start() // takes nothing from the other one
	watched.empty()
}

// listed is the list of nodes as drover nodes prints it, by name.
func (s *server) listed() map[string]listedNode {
	s.t.Helper()
	list := exec.CommandContext(within(s.t, 20*time.Second), testserver.Binary, "nodes", "--output", "json")
	list.Env = s.environment(s.t.TempDir())
	out, err := list.CombinedOutput()
	var answer struct{ Nodes []listedNode }
	if err == nil {
		err = json.Unmarshal(out, &answer)
	}
	if err != nil {
		s.t.Fatalf("drover nodes: %s, %v", out, err)
	}
	nodes := map[string]listedNode{}
	for _, n := range answer.Nodes {
		nodes[n.Name] = n
	}
	return nodes
}

// A listedNode is a row of the list.
type listedNode struct {
	Name, Version, Heir string
	Connections         int
	Ready               bool
	Since, LastSign     time.Time
}

// name is the name of a node in the list.
func (s *server) name() string {
	s.t.Helper()
	id, err := os.ReadFile(filepath.Join(s.Dir, "node.id"))
	if err != nil {
		s.t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		s.t.Fatal(err)
	}
	return host + "/" + string(id)
}

// Every node lists all of them, with the connections of each; one that is killed is listed as gone,
// and not at all when another one has taken over from it (R-NODE-13).
func TestNodesAreListed(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3)
	for i := range 2 {
		must[*v3](t)(connect3(t, all[1].MQTT, fmt.Sprintf("listed-%d", i), nil, newInbox(t)))
	}
	want := map[string]int{all[0].name(): 0, all[1].name(): 2, all[2].name(): 0}
	for _, s := range all {
		eventually(t, "three nodes with their connections are listed", func() bool {
			connections := map[string]int{}
			for name, n := range s.listed() {
				if n.Ready && n.Heir == "" && n.Version != "" && !n.LastSign.Before(n.Since) {
					connections[name] = n.Connections
				}
			}
			return maps.Equal(connections, want)
		})
	}
	all[1].Kill()
	lost := all[1].name()
	eventually(t, "the killed node is gone", func() bool {
		n, listed := all[0].listed()[lost]
		if n.Heir != "" && (n.Ready || n.Heir != all[0].name() && n.Heir != all[2].name()) {
			t.Errorf("a node that is gone is listed as %+v", n)
		}
		return !listed || n.Heir != ""
	})
	if got := len(all[2].listed()); got < 2 {
		t.Errorf("%d nodes are listed", got)
	}
}

// A server with the embedded store lists itself (R-NODE-13).
func TestLoneNodeIsListed(t *testing.T) {
	t.Parallel()
	s := serve(t)
	must[*v3](t)(connect3(t, s.MQTT, "listed", nil, newInbox(t)))
	for name, n := range s.listed() {
		if name == "" || n.Version == "" || n.Connections != 1 || !n.Ready || n.LastSign.Before(n.Since) {
			t.Errorf("%+v", n)
		}
		return
	}
	t.Error("no node is listed")
}

// ready asks a server whether it is ready.
func (s *server) ready(path string) (status int, why string) {
	s.t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(s.HTTP + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, strings.TrimSpace(string(body))
}

// A node whose database does not answer says within some seconds that it is not ready, lives all the
// same, and is ready again when the database is back (R-NODE-9).
func TestReadiness(t *testing.T) {
	t.Parallel()
	database := testpostgres.New(t, testpostgres.Oldest)
	s := &server{Server: testserver.New(t), t: t}
	s.Store = database.Schema(t, "readiness")
	s.Start()
	if status, why := s.ready("/readyz"); status != 200 || why != "ok" {
		t.Fatalf("after the start: %d %s", status, why)
	}
	database.Crash(t)
	eventually(t, "the node is not ready", func() bool {
		status, why := s.ready("/readyz")
		return status == 503 && why == "the server cannot write to its database"
	})
	if status, _ := s.ready("/healthz"); status != 200 {
		t.Errorf("healthz answers %d without a database", status)
	}
	database.Restart(t)
	eventually(t, "the node is ready again", func() bool {
		status, _ := s.ready("/readyz")
		return status == 200
	})
}

// natsServer runs a NATS server in this process, and returns its address.
func natsServer(t *testing.T) string {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{
		Host:   "127.0.0.1",
		Port:   natsserver.RANDOM_PORT,
		NoLog:  true,
		NoSigs: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Shutdown)
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	return s.ClientURL()
}

// With a bus, a message on an ordinary topic reaches subscribers on every node once, in the order of
// its publisher, and so does the will of a client. What is retained stays the database's (R-NODE-12).
func TestBusBetweenNodes(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, "--bus", natsServer(t))
	in := make([]*inbox, len(all))
	for i, s := range all {
		in[i] = newInbox(t)
		c := must[*v3](t)(connect3(t, s.MQTT, fmt.Sprintf("reader-%d", i), nil, in[i]))
		c.subscribe("site/#")
	}
	options := mqtt.NewClientOptions().AddBroker(strings.Replace(all[0].MQTT, "mqtt://", "tcp://", 1)).SetClientID("writer").
		SetAutoReconnect(false).SetWill("site/will", "farewell", 1, false)
	writer := mqtt.NewClient(options)
	if token := writer.Connect(); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatalf("connect: %v", token.Error())
	}
	const n = 200
	for i := range n {
		if token := writer.Publish("site/a", 1, i == n-1, fmt.Sprint(i)); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
			t.Fatalf("publish: %v", token.Error())
		}
	}
	for node, in := range in {
		for i := range n {
			if m := in.expect("site/a"); m.Text != fmt.Sprint(i) {
				t.Fatalf("node %d has got %q, want %d", node, m.Text, i)
			}
		}
	}
	late := newInbox(t)
	must[*v3](t)(connect3(t, all[2].MQTT, "late", nil, late)).subscribe("site/a")
	if m := late.expect("site/a"); m.Text != fmt.Sprint(n-1) {
		t.Errorf("retained is %q", m.Text)
	}
	all[0].Kill()
	for i := 1; i < len(all); i++ {
		if m := in[i].expect("site/will"); m.Text != "farewell" {
			t.Errorf("node %d has got the will %q", i, m.Text)
		}
		in[i].empty()
	}
	for _, s := range all[1:] {
		if strings.Contains(s.Output.String(), "has no --bus") {
			t.Error("it warns of a bus that it has")
		}
	}
}

// Without a bus and with another node, the log says once what that means (R-NODE-12).
func TestNodesWithoutBus(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2)
	const warning = "there are several nodes and this one has no --bus"
	for i, s := range all {
		eventually(t, fmt.Sprintf("node %d warns", i), func() bool { return strings.Contains(s.Output.String(), warning) })
	}
	for i, s := range all {
		if times := strings.Count(s.Output.String(), warning); times != 1 {
			t.Errorf("node %d warns %d times", i, times)
		}
	}
}

// A bus that does not answer is no reason not to start, nor not to serve: the log says what is
// missing (R-NODE-12).
func TestBusDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := nodes(t, 1, "--bus", "nats://drover:pa55word@127.0.0.1:1")[0]
	if log := s.Output.String(); !strings.Contains(log, "the bus does not answer: until it answers, messages on ordinary topics reach") ||
		!strings.Contains(log, "other users of this machine can see the password in --bus") || strings.Contains(log, "pa55word") {
		t.Errorf("the log:\n%s", log)
	}
	in := newInbox(t)
	must[*v3](t)(connect3(t, s.MQTT, "reader", nil, in)).subscribe("site/#")
	must[*v3](t)(connect3(t, s.MQTT, "writer", nil, newInbox(t))).publish("site/a", "x")
	if m := in.expect("site/a"); m.Text != "x" {
		t.Errorf("got %q", m.Text)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("the end: %v", err)
	}
}

// Artifacts of several nodes are in an object store: what drover artifact puts there reaches a
// device by each node, from a document as a lone server has it. The nodes have no store of their
// own, and say so (R-ART-10, R-ART-13).
func TestNodesUseAnObjectStore(t *testing.T) {
	t.Parallel()
	o := objectstore.Serve(t, storeKey, storeSecret, "artifacts")
	c := artifactLine(t, o.URL)
	c.write("fw.bin", "firmware")
	c.ok("put", "fw.bin", "pumps/fw.bin")
	all := nodesWith(t, 2, storeVariables(storeSecret), "--s3-endpoint", o.URL)
	all[0].fleet("g", 1)
	all[0].createDownload("fw", "s3-presigned-url:s3://artifacts/pumps/fw.bin")
	newest := all[0].askFor("iot-jobs-data", "PUT", "/things/t0001/jobs/$next", "{}")
	if id, _ := at(newest, "execution.jobId").(string); id != "fw" {
		t.Fatalf("the device starts %v", newest)
	}
	for i, s := range all {
		if got := download(t, s.delivered("fw"), ""); got != "firmware" {
			t.Errorf("node %d hands out %q", i, got)
		}
		own := commandLine{
			t:       t,
			program: []string{testserver.Binary, "artifact"},
			env:     s.environment(c.dir),
			dir:     c.dir,
		}
		const want = "use the object store of its --s3-endpoint"
		if _, problem, status := own.run("put", "fw.bin"); status != 1 || !strings.Contains(problem, want) {
			t.Errorf("node %d takes an artifact: status %d, %s", i, status, problem)
		}
	}
}
