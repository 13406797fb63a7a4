package provisioning

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
)

// Before a device is provisioned a hook may be asked: a service of the operator, which knows the
// devices that were built. Question and answer are those that the vendor's function gets and gives.

// Question is what a hook is asked.
type Question struct {
	ClaimCertificateID string            `json:"claimCertificateId"`
	CertificateID      string            `json:"certificateId"`
	CertificatePEM     string            `json:"certificatePem"`
	TemplateARN        string            `json:"templateArn"`
	ClientID           string            `json:"clientId"`
	Parameters         map[string]string `json:"parameters"`
}

// answer is what a hook answers.
type answer struct {
	AllowProvisioning  *bool             `json:"allowProvisioning"`
	ParameterOverrides map[string]string `json:"parameterOverrides"`
}

// ReadAnswer returns the parameters as a hook has them: those of the device, with the ones in their
// place that the hook has set. An error is a wrong answer, for the log; allowed is false then, too.
func ReadAnswer(
	body []byte, given map[string]string,
) (parameters map[string]string, allowed bool, err error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, false, fmt.Errorf("the answer is not as it should be: %w", err)
	}
	if a.AllowProvisioning == nil {
		return nil, false, fmt.Errorf("the answer has no allowProvisioning")
	}
	parameters = map[string]string{}
	for name, value := range given {
		parameters[name] = value
	}
	for name, value := range a.ParameterOverrides {
		parameters[name] = value
	}
	return parameters, *a.AllowProvisioning, CheckParameters(parameters)
}

// The bounds of parameters, which are those of the published API.
const (
	maxParameters     = 100
	maxParameterName  = 2048
	maxParameterValue = 4096
)

// CheckParameters refuses parameters that are too many or too long.
func CheckParameters(given map[string]string) error {
	if len(given) > maxParameters {
		return fault.New(fault.Invalid, "parameters: %d parameters, at most %d are allowed",
			len(given), maxParameters)
	}
	for name, value := range given {
		if len(name) > maxParameterName {
			return fault.New(fault.Invalid, "parameters: a name of %d bytes, at most %d are allowed",
				len(name), maxParameterName)
		}
		if len(value) > maxParameterValue {
			return fault.New(fault.Invalid, "parameters: the value of %s has %d bytes, at most %d are allowed",
				shortened(name), len(value), maxParameterValue)
		}
	}
	return nil
}

// CheckTarget refuses a hook that cannot be asked: it is a URL with https, or with http on this
// machine (R-ID-84).
func CheckTarget(member, target string) error {
	if strings.HasPrefix(target, "arn:") {
		return fault.New(fault.Invalid, "%s: functions of AWS Lambda cannot be called from here; give "+
			"the https URL of a service that answers as the function does", member)
	}
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fault.New(fault.Invalid, "%s: must be a URL such as https://host/path, without user "+
			"and fragment", member)
	}
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return nil
		}
		return fault.New(fault.Invalid, "%s: http is for services on this machine only; use https",
			member)
	}
	return fault.New(fault.Invalid, "%s: must begin with https://", member)
}
