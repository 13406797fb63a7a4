package notoffered

import (
	"errors"
	"strings"
	"testing"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

// No line of the table is an operation that Drover describes, by name or by path: a router that
// knows the operations of both planes finds none, and the refusal then has the right name (R-ID-46).
func TestTable(t *testing.T) {
	t.Parallel()
	routers := map[Service]*schema.Router{
		Control:     schema.NewRouter(&iot.Service),
		jobsData:    schema.NewRouter(&jobsdata.Service),
		data:        schema.NewRouter(&jobsdata.Service),
		credentials: schema.NewRouter(&jobsdata.Service),
	}
	described := map[string]bool{}
	for _, service := range []*schema.Service{&iot.Service, &jobsdata.Service} {
		for _, op := range service.All() {
			described[op.Name] = true
		}
	}
	seen := map[string]bool{}
	for _, o := range operations() {
		path := strings.NewReplacer("{", "", "}", "", "+", "/x").Replace(strings.Join(o.path, "/"))
		_, err := routers[o.service].Match(o.method, path)
		got := Refusal(err, o.method, path, o.service)
		want := o.name + suffixes[o.service] + " is not offered by Drover"
		if f := fault.Of(got); f == nil || f.Code != fault.UnknownOperation || f.Message != want {
			t.Errorf("%s %s: %v, want %s", o.method, path, got, want)
		}
		if described[o.name] || seen[o.name] {
			t.Errorf("%s is described, or stands twice", o.name)
		}
		seen[o.name] = true
	}
	if len(seen) < 140 {
		t.Errorf("only %d operations", len(seen))
	}
}

// What a request without an operation is answered (R-WIRE-25, R-HTTP-31, R-HTTP-41, R-ID-46).
func TestRefusal(t *testing.T) {
	t.Parallel()
	unknown := fault.New(fault.UnknownOperation, "no operation has this path")
	wrong := fault.New(fault.WrongMethod, "no operation has this path with this method")
	for _, tt := range []struct {
		err          error
		method, path string
		of           Service
		says         string
	}{
		{unknown, "GET", "/indices/AWS_Things", Control, "DescribeIndex is not offered by Drover"},
		{unknown, "GET", "/indices", Control, "ListIndices is not offered by Drover"},
		{unknown, "POST", "/indices/statistics", Control, "GetStatistics is not offered by Drover"},
		{wrong, "PATCH", "/thing-types/lamp", Control, "UpdateThingType is not offered by Drover"},
		{unknown, "POST", "/role-aliases/a", Control, "CreateRoleAlias is not offered by Drover"},
		{unknown, "PUT", "/commands/a%3Ab", Control, "CreateCommand is not offered by Drover"},
		{unknown, "POST", "/command-executions", jobsData,
			"StartCommandExecution is not offered by Drover"},
		{unknown, "POST", "/command-executions", Control,
			"ListCommandExecutions is not offered by Drover"},
		{unknown, "POST", "/topics/a%2Fb", data,
			"Publish of the data service iotdata is not offered by Drover"},
		{unknown, "POST", "/topics/a/b", data,
			"Publish of the data service iotdata is not offered by Drover"},
		{unknown, "GET", "/things/t/shadow", data,
			"GetThingShadow of the data service iotdata is not offered by Drover"},
		{unknown, "GET", "/role-aliases/a/credentials", credentials,
			"AssumeRoleWithCertificate of the credentials provider is not offered by Drover"},
		{unknown, "POST", "/topics/", data, unknown.Message},
		{unknown, "GET", "/topics/a", data, unknown.Message},
		{unknown, "POST", "/topics/a", Control, unknown.Message},
		{unknown, "GET", "/indices/", Control, unknown.Message},
		{unknown, "GET", "/indices/a/b", Control, unknown.Message},
		{unknown, "GET", "", Control, unknown.Message},
		{wrong, "DELETE", "/things", Control, wrong.Message},
		{fault.New(fault.Invalid, "x"), "GET", "/indices", Control, "x"},
	} {
		got := fault.Of(Refusal(tt.err, tt.method, tt.path, tt.of))
		if got == nil || got.Message != tt.says {
			t.Errorf("%s %s of %s: %v, want %s", tt.method, tt.path, tt.of, got, tt.says)
		}
	}
	if err := errors.New("x"); !errors.Is(Refusal(err, "GET", "/indices", Control), err) {
		t.Error("an error that is no fault is changed")
	}
}

// A signature for another service of AWS IoT is told that the service is not offered; one for any
// other service, and those of the two planes, are nothing to this package (R-HTTP-41).
func TestRefuseService(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ service, method, path, says string }{
		{"iotdata", "POST", "/topics/a",
			"Publish of the data service iotdata is not offered by Drover"},
		{"iotdata", "GET", "/jobs", "the data service iotdata is not offered by Drover"},
		{"iotdevicegateway", "GET", "/mqtt", ""},
		{"IoTSecuredTunneling", "POST", "/",
			"secure tunneling (service IoTSecuredTunneling) is not offered by Drover"},
		{"iot", "GET", "/indices", ""}, {"iot-jobs-data", "GET", "/", ""}, {"s3", "GET", "/", ""},
		{"credentials", "GET", "/", ""}, {"", "GET", "/", ""},
	} {
		err := RefuseService(tt.service, tt.method, tt.path)
		if f := fault.Of(err); (f == nil) != (tt.says == "") || f != nil && f.Message != tt.says {
			t.Errorf("%s %s %s: %v, want %s", tt.service, tt.method, tt.path, err, tt.says)
		}
	}
}
