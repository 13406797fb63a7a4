// Package connlimit bounds how many connections a server has, over all its listeners. A connection
// is unidentified until the server says that its caller has shown who it is. Of those there may be
// a share only, and from one address half of that share: whoever opens connections and says nothing
// uses up nobody's room but its own.
//
// It knows no protocol. Start at table.go, which counts; listener.go wraps listeners and
// connections.
package connlimit

// Limits are on connections.
type Limits struct {
	Total int // all
	// Unidentified are those whose caller has not shown who it is; PerAddress those of them from
	// one address, or from one network of 64 bits in IPv6.
	Unidentified, PerAddress int
}

// perUnidentified is the memory that an unidentified connection may take, in bytes: its buffers, a
// handshake, a small body, or the largest first packet of MQTT.
const perUnidentified = 192 << 10

// Share divides a total number of connections. The unidentified ones are half of them, fewer when
// they could take more than a quarter of the memory, in bytes; 0 is any. With 20,000 connections
// and 256 MiB, 341 can be unidentified, 170 of them from one address.
func Share(total int, memory int64) Limits {
	unidentified := total / 2
	if memory > 0 {
		unidentified = int(min(int64(unidentified), memory/4/perUnidentified))
	}
	unidentified = max(unidentified, 2)
	return Limits{Total: total, Unidentified: unidentified, PerAddress: unidentified / 2}
}
