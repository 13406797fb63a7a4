//go:build !linux

package nodes

import "testing"

// Namespaces are a network that only Linux has.
type namespaces struct{}

func (namespaces) place(t testing.TB, _ int, _ []int) place {
	t.Helper()
	t.Fatal("network namespaces are those of Linux; DROVER_NODES_NETWORK=loopback needs none")
	return nil
}
