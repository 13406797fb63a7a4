// Package notoffered knows the operations that AWS IoT has and Drover has not, so that a request
// for one is refused by its name: "DescribeIndex is not offered by Drover", where "no operation has
// this path" would send people to look for a mistake in their address or in their key.
//
// operations.tsv holds them by the name with which requests are signed, as the published API models
// have them. One more line is the request of the credentials provider, which is not signed. Nothing
// else than the names and paths is known of them. Start with Refusal.
package notoffered

import (
	_ "embed" // operations.tsv
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/drover-iot/drover/internal/fault"
)

//go:embed operations.tsv
var table string

// Service is a service of AWS IoT by the name with which its requests are signed.
type Service string

// The services. That of the credentials is known by its path only: devices call it with their
// certificates.
const (
	Control     Service = "iot"
	jobsData    Service = "iot-jobs-data"
	data        Service = "iotdata"
	credentials Service = "credentials"
)

// OfDevices are the services that devices call.
var OfDevices = []Service{jobsData, data, credentials}

// suffixes say in a refusal which service an operation is of, where the plane that was asked is of
// another one.
var suffixes = map[Service]string{
	data:        " of the data service iotdata",
	credentials: " of the credentials provider",
}

// whole are the services of which Drover has nothing, by the name in a signature.
var whole = map[Service]string{
	data:                  "the data service iotdata",
	"IoTSecuredTunneling": "secure tunneling (service IoTSecuredTunneling)",
	"iotdeviceadvisor":    "Device Advisor (service iotdeviceadvisor)",
}

// operation is one line of the table.
type operation struct {
	service      Service
	name, method string
	path         []string // its segments
}

// operations are all lines of the table; where two could be meant, the one with more literal
// segments comes first. A server reads them with the first request that needs them.
var operations = sync.OnceValue(read)

func read() (all []operation) {
	for line := range strings.Lines(table) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		all = append(all, operation{
			service: Service(f[0]),
			name:    f[1],
			method:  f[2],
			path:    strings.Split(f[3], "/"),
		})
	}
	labels := func(o operation) (n int) {
		for _, segment := range o.path {
			if strings.HasPrefix(segment, "{") {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(all, func(a, b operation) int { return labels(a) - labels(b) })
	return all
}

// Refusal is the fault for a request that no operation of Drover answers. When one of the services
// has an operation with the method and path, it says so by name; else it is the error given, which
// is the router's: UnknownOperation or WrongMethod (R-WIRE-25, R-HTTP-31, R-HTTP-41). Any other
// error is returned as it is.
func Refusal(err error, method, rawPath string, of ...Service) error {
	if !fault.Is(err, fault.UnknownOperation) && !fault.Is(err, fault.WrongMethod) {
		return err
	}
	segments := strings.Split(rawPath, "/")
	for i, segment := range segments {
		if decoded, err := url.PathUnescape(segment); err == nil {
			segments[i] = decoded
		}
	}
	for _, o := range operations() {
		if o.method == method && slices.Contains(of, o.service) && o.has(segments) {
			return fault.New(fault.UnknownOperation, "%s%s is not offered by Drover",
				o.name, suffixes[o.service])
		}
	}
	return err
}

// RefuseService is the fault for a request that is signed for a service of which Drover has
// nothing, nil for any other service. Another key, or the signature of another service, would not
// help its sender (R-HTTP-41).
func RefuseService(signed, method, rawPath string) error {
	service := Service(signed)
	words, known := whole[service]
	if !known {
		return nil
	}
	none := fault.New(fault.UnknownOperation, "%s is not offered by Drover", words)
	return Refusal(none, method, rawPath, service)
}

// has reports whether the operation has a path. A label stands for one segment, and one with a
// plus sign for all that follow: the topic of POST /topics/a/b is a/b.
func (o operation) has(segments []string) bool {
	for i, want := range o.path {
		switch {
		case i == len(segments):
			return false
		case strings.HasSuffix(want, "+}"):
			return segments[i] != ""
		case strings.HasPrefix(want, "{"):
			if segments[i] == "" {
				return false
			}
		case want != segments[i]:
			return false
		}
	}
	return len(segments) == len(o.path)
}
