package provisioning

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
)

// Pseudo parameters are those that a template may refer to without declaring them. They come from
// the certificate of the device, and a device cannot give them.

const pseudoPrefix = "AWS::IoT::Certificate::"

// pseudo reports whether a name is that of a pseudo parameter.
func pseudo(name string) bool {
	rest, ok := strings.CutPrefix(name, pseudoPrefix)
	if !ok {
		return false
	}
	_, known := subjectFields[rest]
	return known || rest == "Id" || rest == "SerialNumber"
}

// subjectFields are the pseudo parameters that are fields of the certificate's subject.
var subjectFields = map[string]string{
	"Country":                    "2.5.4.6",
	"Organization":               "2.5.4.10",
	"OrganizationalUnit":         "2.5.4.11",
	"DistinguishedNameQualifier": "2.5.4.46",
	"StateName":                  "2.5.4.8",
	"CommonName":                 "2.5.4.3",
}

// CertificateID is the pseudo parameters of a certificate of which only the id is known.
func CertificateID(id string) map[string]string {
	return map[string]string{pseudoPrefix + "Id": id}
}

// FromCertificate is the pseudo parameters of a certificate that was signed elsewhere, for
// just-in-time provisioning. A field that the subject does not have has no value.
func FromCertificate(id string, c *x509.Certificate) map[string]string {
	values := CertificateID(id)
	for name, oid := range subjectFields {
		if value := field(c.Subject, oid); value != "" {
			values[pseudoPrefix+name] = value
		}
	}
	if number := field(c.Subject, "2.5.4.5"); number != "" {
		values[pseudoPrefix+"SerialNumber"] = number
	} else if c.SerialNumber != nil {
		values[pseudoPrefix+"SerialNumber"] = c.SerialNumber.String()
	}
	return values
}

// field is the first value of a field of a name.
func field(name pkix.Name, oid string) string {
	for _, a := range name.Names {
		if text, ok := a.Value.(string); ok && a.Type.String() == oid {
			return text
		}
	}
	return ""
}
