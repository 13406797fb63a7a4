package nodes

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/test/testpostgres"
	"github.com/drover-iot/drover/test/testserver"
)

// A cluster is the nodes with their database and network.
type cluster struct {
	database *database
	nodes    []*node
	where    testserver.Endpoints // of the first node: keys, account and region are those of all
	roots    *x509.CertPool
	controls []*iot.Client
}

// startCluster starts a node for each of the programs, the first before the others, which find a
// database in order. It runs until the test ends.
func startCluster(w *world, programs []string, standby bool) *cluster {
	t := w.t
	net, address := w.networkOf()
	c := &cluster{database: newDatabase(t, testpostgres.Oldest, address, standby)}
	folder := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	var supervisors sync.WaitGroup
	t.Cleanup(func() {
		stop()
		supervisors.Wait()
	})
	secret := "DROVER_SECRET=" + base64.StdEncoding.EncodeToString(random(32))
	for i, program := range programs {
		n := &node{
			name:    fmt.Sprintf("node-%d", i+1),
			dir:     filepath.Join(folder, fmt.Sprintf("node-%d", i+1)),
			place:   net.place(t, i, c.database.ports()),
			env:     []string{secret},
			problem: w.problem,
			program: program,
		}
		c.nodes = append(c.nodes, n)
		supervisors.Go(func() { n.supervise(ctx) })
		c.awaitReady(t, n)
	}
	c.meet(t)
	return c
}

// random returns random bytes: the key for the secrets in the database.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// networkOf is the network of the run, and the address that the database listens on.
func (w *world) networkOf() (n network, address string) {
	switch w.network {
	case "loopback":
		return loopback{}, "127.0.0.1"
	case "namespaces":
		return namespaces{}, "*"
	}
	w.t.Fatalf("the network is %q, and must be loopback or namespaces", w.network)
	return nil, ""
}

// awaitReady waits until a node serves.
func (c *cluster) awaitReady(t testing.TB, n *node) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, ok := n.ready(); ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not serve:\n%s", n.name, n.lastPrinted())
		}
	}
}

// awaitAnswer waits until a node has its database again, which goes on by itself (R-NODE-9).
func (c *cluster) awaitAnswer(t testing.TB, node int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		_, err := c.control(node).ListJobs(ctx, &iot.ListJobsInput{})
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer after the last fault: %v\n%s",
				c.nodes[node].name, err, c.nodes[node].lastPrinted())
		}
	}
}

// meet reads the keys and the authority, which all nodes share, from what the first one has
// written, and makes a client for each node.
func (c *cluster) meet(t testing.TB) {
	t.Helper()
	c.where, _ = c.nodes[0].ready()
	authority, err := os.ReadFile(c.where.CA)
	if err != nil {
		t.Fatal(err)
	}
	c.roots = x509.NewCertPool()
	c.roots.AppendCertsFromPEM(authority)
	for _, n := range c.nodes {
		c.controls = append(c.controls, iot.New(iot.Options{
			Region:           c.where.Region,
			BaseEndpoint:     aws.String("https://" + n.place.https()),
			RetryMaxAttempts: 1,
			HTTPClient: &http.Client{Transport: &http.Transport{
				TLSClientConfig: c.config(), MaxIdleConnsPerHost: 16}},
			Credentials: credentials.NewStaticCredentialsProvider(
				c.where.AccessKeyID, c.where.SecretAccessKey, ""),
		}))
	}
}

// config is how clients connect: they know the authority of all nodes.
func (c *cluster) config(certificates ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: c.roots, ServerName: "localhost", Certificates: certificates}
}

// control is the client of the control plane for a node.
func (c *cluster) control(node int) *iot.Client { return c.controls[node] }

// arn is the ARN of something.
func (c *cluster) arn(kind, name string) string {
	return "arn:aws:iot:" + c.where.Region + ":" + c.where.Account + ":" + kind + "/" + name
}
