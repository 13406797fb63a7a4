package test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/drover-iot/drover/test/testserver"
)

// guideListeners are the listeners of a server, with the addresses that they have without options.
var guideListeners = []struct{ flag, address string }{
	{"--http", "127.0.0.1:8080"},
	{"--https", "127.0.0.1:8443"},
	{"--mqtt", "127.0.0.1:1883"},
	{"--mqtts", "127.0.0.1:8883"},
}

// serve starts the server of a block with the words behind "drover serve", on free ports instead of
// those that the page names or means, and returns what it has printed. A server that has its folder
// or one of its addresses is stopped before, as the page's reader does it.
func (r *guideReader) serve(words []string) (printed string) {
	r.t.Helper()
	folder, words := guideOption(words, "--data", "drover-data")
	s := &guideServer{Server: testserver.New(r.t)}
	s.Dir, s.Store, s.Flags = filepath.Join(r.home, folder), "", nil
	for _, l := range guideListeners {
		var address string
		address, words = guideOption(words, l.flag, l.address)
		s.listens = append(s.listens, address)
		if address != "''" {
			address = "127.0.0.1:0"
		} else {
			address = ""
		}
		s.Flags = append(s.Flags, l.flag, address)
	}
	r.servers = slices.DeleteFunc(r.servers, func(other *guideServer) bool {
		same := other.Dir == s.Dir || slices.ContainsFunc(s.listens, func(address string) bool {
			return address != "''" && slices.Contains(other.listens, address)
		})
		if same && other.Running() {
			if err := other.Stop(); err != nil {
				r.t.Errorf("stop a server: %v\n%s", err, other.Output)
			}
		}
		return same
	})
	for i, word := range words {
		words[i] = strings.Trim(r.asHere(word), "'")
		file := filepath.Join(r.home, words[i])
		if _, err := os.Stat(file); err == nil && words[i] != "" {
			words[i] = file // the process is not in the reader's folder
		}
	}
	s.Start(words...)
	(&server{Server: s.Server, t: r.t}).welcomes()
	r.servers = append(r.servers, s)
	r.reachable(s)
	return s.Output.String()
}

// reachable has the addresses that the page says for a server mean where it listens.
func (r *guideReader) reachable(s *guideServer) {
	for i, address := range []string{s.HTTP, s.HTTPS, s.MQTT, s.MQTTS} {
		_, here, listens := strings.Cut(address, "://")
		if !listens {
			continue
		}
		_, pagePort, _ := strings.Cut(s.listens[i], ":")
		_, port, _ := strings.Cut(here, ":")
		// Other servers had these addresses before.
		r.addresses = slices.DeleteFunc(r.addresses, func(pair [2]string) bool {
			return strings.HasSuffix(pair[0], ":"+pagePort)
		})
		r.addresses = append(r.addresses,
			[2]string{"127.0.0.1:" + pagePort, "127.0.0.1:" + port},
			[2]string{"localhost:" + pagePort, "localhost:" + port})
	}
}

// guideOption takes an option with its value out of the words of a command, and returns its value,
// or the given one when it is not there.
func guideOption(words []string, name, without string) (value string, rest []string) {
	i := slices.Index(words, name)
	if i < 0 || i+1 == len(words) {
		return without, words
	}
	return words[i+1], slices.Delete(slices.Clone(words), i, i+2)
}
