package gateway

import "testing"

// Certificates and services decide, not paths; the host only where there is no signature.
func TestPlaneOf(t *testing.T) { // R-WIRE-5, R-HTTP-2, R-HTTP-32
	t.Parallel()
	const (
		data = "abc.jobs.iot.us-east-1.amazonaws.com"
		mqtt = "abc-ats.iot.us-east-1.amazonaws.com"
	)
	for _, row := range []struct {
		name          string
		certificate   bool
		service, host string
		want          plane
	}{
		{"a signature for iot", false, "iot", "localhost:8080", controlPlane},
		{"a signature of an older SDK", false, "execute-api", "localhost:8080", controlPlane},
		{"a signature for iot-jobs-data", false, "iot-jobs-data", "localhost:8080", devicePlane},
		{"the service wins over the host", false, "iot", data, controlPlane},
		{"a certificate", true, "", "localhost:8443", devicePlane},
		{"a certificate wins over the service", true, "iot", "localhost:8443", devicePlane},
		{"another service is refused by the control plane", false, "s3", data, controlPlane},
		{"nothing", false, "", "localhost:8080", controlPlane},
		{"nothing, at the host of the device plane", false, "", data, devicePlane},
		{"nothing, at the host of MQTT", false, "", mqtt, controlPlane},
		{"a service in capital letters is another one", false, "IOT-JOBS-DATA", data, controlPlane},
	} {
		if got := planeOf(row.certificate, row.service, row.host); got != row.want {
			t.Errorf("%s: got plane %d, want %d", row.name, got, row.want)
		}
	}
}
