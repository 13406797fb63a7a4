package provisioning

import (
	"errors"
	"maps"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/outside"
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

// Answer is what a hook answers.
type Answer struct {
	AllowProvisioning  *bool             `json:"allowProvisioning"`
	ParameterOverrides map[string]string `json:"parameterOverrides"`
}

// Parameters returns the parameters as a hook has them: those of the device, with the ones in their
// place that the hook has set. An error is a wrong answer, for the log; nothing is allowed then.
func (a Answer) Parameters(
	given map[string]string,
) (parameters map[string]string, allowed bool, err error) {
	if a.AllowProvisioning == nil {
		return nil, false, errors.New("the answer has no allowProvisioning")
	}
	parameters = map[string]string{}
	maps.Copy(parameters, given)
	maps.Copy(parameters, a.ParameterOverrides)
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
// machine (R-ID-84, R-HOOK-1).
func CheckTarget(member, target string) error {
	if strings.HasPrefix(target, "arn:") {
		return fault.New(fault.Invalid, "%s: functions of AWS Lambda cannot be called from here; give "+
			"the https URL of a service that answers as the function does", member)
	}
	_, err := outside.CheckURL(member, target)
	return err
}
