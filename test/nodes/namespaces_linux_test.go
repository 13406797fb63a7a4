package nodes

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Namespaces are a network in which each node has a network namespace of its own. A link is a pair
// of TUN devices, one in the namespace of the test and one in that of the node; the test forwards
// packets between them, late, or not at all. Everything above is the kernel's: a link that is cut
// is one whose packets nobody acknowledges.
type namespaces struct{}

// A namespacePlace is the namespace of one node.
type namespacePlace struct {
	name                     string
	databaseLink, clientLink *conditions
	databases                []string
	client                   string // the address of the node for clients
}

// The ports of a node, which has its address for itself.
const httpsPort, mqttsPort = "8443", "8883"

func (namespaces) place(t testing.TB, node int, databases []int) place {
	t.Helper()
	p := &namespacePlace{
		name:         fmt.Sprintf("drover-%d-%d", os.Getpid(), node),
		databaseLink: newConditions(),
		clientLink:   newConditions(),
	}
	ip(t, "netns", "add", p.name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", p.name).Run() })
	ip(t, "-n", p.name, "link", "set", "lo", "up")
	near, _ := p.connect(t, fmt.Sprintf("10.212.%d", 2*node), "d", p.databaseLink)
	_, p.client = p.connect(t, fmt.Sprintf("10.212.%d", 2*node+1), "c", p.clientLink)
	for _, port := range databases {
		p.databases = append(p.databases, fmt.Sprintf("%s:%d", near, port))
	}
	return p
}

func (p *namespacePlace) toDatabase() *conditions { return p.databaseLink }
func (p *namespacePlace) toClients() *conditions  { return p.clientLink }
func (p *namespacePlace) command() []string       { return []string{"ip", "netns", "exec", p.name} }
func (p *namespacePlace) database() []string      { return p.databases }
func (p *namespacePlace) ready(string, string)    {} // the addresses are always the same
func (p *namespacePlace) https() string           { return net.JoinHostPort(p.client, httpsPort) }
func (p *namespacePlace) mqtts() string           { return net.JoinHostPort(p.client, mqttsPort) }

func (p *namespacePlace) listeners() []string {
	return []string{"--http", "", "--mqtt", "", "--https", p.https(), "--mqtts", p.mqtts()}
}

// connect makes a link with the first two addresses of a network, and returns them: that of the
// test and that of the node.
func (p *namespacePlace) connect(
	t testing.TB, network, kind string, link *conditions,
) (near, far string) {
	t.Helper()
	near, far = network+".1", network+".2"
	base := strings.TrimPrefix(p.name, "drover-") + kind
	nearFile, farFile := openTUN(t, "n"+base), openTUN(t, "f"+base)
	ip(t, "link", "set", "f"+base, "netns", p.name) // the file stays with the device
	ip(t, "addr", "add", near+"/30", "dev", "n"+base)
	ip(t, "link", "set", "n"+base, "up")
	ip(t, "-n", p.name, "addr", "add", far+"/30", "dev", "f"+base)
	ip(t, "-n", p.name, "link", "set", "f"+base, "up")

	ctx, cancel := context.WithCancel(context.Background())
	var ways sync.WaitGroup
	ways.Go(func() { forwardPackets(ctx, nearFile, farFile, link) })
	ways.Go(func() { forwardPackets(ctx, farFile, nearFile, link) })
	t.Cleanup(func() {
		cancel()
		nearFile.Close() // the device goes with its file
		farFile.Close()
		ways.Wait()
	})
	return near, far
}

// ip runs the program ip, which fails without the rights to change the network.
func ip(t testing.TB, args ...string) {
	t.Helper()
	if printed, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s\nThe test makes network namespaces, which needs root and the "+
			"package iproute2; DROVER_NODES_NETWORK=loopback needs neither.",
			strings.Join(args, " "), err, printed)
	}
}

// openTUN makes a TUN device: what is routed to it is read from the file, and what is written to
// the file arrives from it.
func openTUN(t testing.TB, name string) *os.File {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("open /dev/net/tun: %v; DROVER_NODES_NETWORK=loopback does not need it", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		t.Fatalf("make the device %s: %v", name, err)
	}
	return os.NewFile(uintptr(fd), name)
}

// A packet is one on its way.
type packet struct {
	data []byte
	due  time.Time
}

// forwardPackets forwards one direction of a link until the files are closed. A packet that comes
// while the link is cut, or while its queue is full, is lost.
func forwardPackets(ctx context.Context, from, to *os.File, link *conditions) {
	queue := make(chan packet, 256)
	var writer sync.WaitGroup
	writer.Go(func() {
		for p := range queue {
			if sleepUntil(ctx, p.due) {
				_, _ = to.Write(p.data) // one that the kernel refuses is lost
			}
		}
	})
	defer writer.Wait()
	defer close(queue)
	buffer := make([]byte, 1<<16)
	var free time.Time // when the link is free again
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if cut, _, _ := link.isCut(); cut {
			continue
		}
		delay, busy := link.lateness(n)
		free = latest(free, time.Now()).Add(busy)
		offer(queue, packet{slices.Clone(buffer[:n]), free.Add(delay)})
	}
}
