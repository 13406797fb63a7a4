package nodes

import (
	"net/url"
	"strconv"
	"testing"
)

// A network connects nodes with the databases, and devices and operators with nodes.
type network interface {
	// place returns where a node runs. It is called once for each node.
	place(t testing.TB, node int, databases []int) place
}

// A place is where a node runs.
type place interface {
	// toDatabase and toClients are the node's two links.
	toDatabase() *conditions
	toClients() *conditions
	// command is what runs a program there: what comes before its path.
	command() []string
	// listeners are the options of the node's listeners.
	listeners() []string
	// database is the host and port under which a node reaches each of the databases.
	database() []string
	// ready says where a node that has started listens, from its endpoints.json.
	ready(https, mqtts string)
	// https and mqtts are the host and port under which clients reach the node.
	https() string
	mqtts() string
}

// storeURL is the URL of the store with all databases: the one that can be written is the store.
func storeURL(p place) string {
	hosts := ""
	for i, host := range p.database() {
		if i > 0 {
			hosts += ","
		}
		hosts += host
	}
	return "postgres://drover@" + hosts + "/postgres?sslmode=disable&connect_timeout=3" +
		"&target_session_attrs=read-write"
}

// Loopback is a network of proxies.
type loopback struct{}

// A loopbackPlace is one node behind its proxies.
type loopbackPlace struct {
	databaseLink, clientLink *conditions
	databases                []*proxy
	httpsProxy, mqttsProxy   *proxy
}

func (loopback) place(t testing.TB, _ int, databases []int) place {
	t.Helper()
	p := &loopbackPlace{databaseLink: newConditions(), clientLink: newConditions()}
	for _, port := range databases {
		database := newProxy(t, p.databaseLink)
		database.to("127.0.0.1:" + strconv.Itoa(port))
		p.databases = append(p.databases, database)
	}
	p.httpsProxy, p.mqttsProxy = newProxy(t, p.clientLink), newProxy(t, p.clientLink)
	return p
}

func (p *loopbackPlace) toDatabase() *conditions { return p.databaseLink }
func (p *loopbackPlace) toClients() *conditions  { return p.clientLink }
func (p *loopbackPlace) command() []string       { return nil }
func (p *loopbackPlace) https() string           { return p.httpsProxy.address() }
func (p *loopbackPlace) mqtts() string           { return p.mqttsProxy.address() }

// listeners are on free ports: the proxies are on those that clients know.
func (p *loopbackPlace) listeners() []string {
	return []string{"--http", "", "--mqtt", "", "--https", "127.0.0.1:0", "--mqtts", "127.0.0.1:0"}
}

func (p *loopbackPlace) database() (hosts []string) {
	for _, database := range p.databases {
		hosts = append(hosts, database.address())
	}
	return hosts
}

func (p *loopbackPlace) ready(https, mqtts string) {
	p.httpsProxy.to(hostOf(https))
	p.mqttsProxy.to(hostOf(mqtts))
}

// hostOf is the host and port of a URL.
func hostOf(text string) string {
	address, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return address.Host
}
