package registry

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strconv"
	"strings"
)

// Context is what a request brings along for variables and conditions (R-ID-30).
type Context struct {
	ClientID string // empty on HTTP, where it does not resolve
	// Thing is the connection thing, nil without one (R-ID-29).
	Thing *Thing
	// Attached says whether a thing named like the client id is attached to the certificate.
	Attached          bool
	SourceIP          string
	Certificate       *x509.Certificate // nil without one
	CertificateID     string
	ConnectAttributes []string // of PersistentConnect, LastWill
	WillTopic         string   // ARN of the will's topic
}

// lookup returns the values of a variable; found is false when it does not resolve.
func (c *Context) lookup(name string) (values []string, found bool) {
	one := func(value string) ([]string, bool) { return []string{value}, value != "" }
	switch name {
	case "iot:ClientId":
		return one(c.ClientID)
	case "iot:Connection.Thing.IsAttached":
		if c.ClientID == "" {
			return nil, false
		}
		return one(strconv.FormatBool(c.Attached))
	case "aws:SourceIp":
		return one(c.SourceIP)
	case "iot:CertificateId":
		return one(c.CertificateID)
	case "iot:ConnectAttributes":
		return c.ConnectAttributes, len(c.ConnectAttributes) > 0
	case "iot:LastWillTopic":
		return one(c.WillTopic)
	}
	if field, ok := strings.CutPrefix(name, "iot:Certificate."); ok {
		return c.certificateField(field)
	}
	return c.thingField(name)
}

// thingField resolves what belongs to the connection thing.
func (c *Context) thingField(name string) ([]string, bool) {
	if c.Thing == nil {
		return nil, false
	}
	switch name {
	case "iot:Connection.Thing.ThingName", "iot:Thing.ThingName":
		return []string{c.Thing.Name}, true
	case "iot:Connection.Thing.ThingTypeName":
		return []string{c.Thing.Type}, c.Thing.Type != ""
	}
	attribute, ok := strings.CutPrefix(name, "iot:Connection.Thing.Attributes[")
	if !ok || !strings.HasSuffix(attribute, "]") {
		return nil, false
	}
	value, found := c.Thing.Attributes[strings.TrimSuffix(attribute, "]")]
	return []string{value}, found
}

// certificateField resolves Subject, Issuer and SerialNumber. A name may end in .1, .2, … for the second, third, …
// value, or in .List for all, at most five.
func (c *Context) certificateField(field string) ([]string, bool) {
	if c.Certificate == nil {
		return nil, false
	}
	if field == "SerialNumber" {
		return plain([]string{c.Certificate.SerialNumber.Text(16)})
	}
	side, rest, _ := strings.Cut(field, ".")
	name, which, _ := strings.Cut(rest, ".")
	var values []string
	switch side {
	case "Subject":
		values = nameValues(c.Certificate.Subject, name)
	case "Issuer":
		values = nameValues(c.Certificate.Issuer, name)
	}
	if len(values) == 0 {
		return nil, false
	}
	if which == "List" {
		return plain(values[:min(5, len(values))])
	}
	at := 0
	if which != "" {
		var err error
		if at, err = strconv.Atoi(which); err != nil || at < 1 || at >= len(values) {
			return nil, false
		}
	}
	return plain(values[at : at+1])
}

func nameValues(n pkix.Name, field string) []string {
	switch field {
	case "CommonName":
		if n.CommonName == "" {
			return nil
		}
		return []string{n.CommonName}
	case "Country":
		return n.Country
	case "Organization":
		return n.Organization
	case "OrganizationalUnit":
		return n.OrganizationalUnit
	case "State":
		return n.Province
	case "SerialNumber":
		return []string{n.SerialNumber}
	}
	return nil
}

// plain refuses values that could act as patterns or are very long: they do not resolve (R-ID-30).
func plain(values []string) ([]string, bool) {
	for _, v := range values {
		if v == "" || len(v) > 1024 || strings.ContainsAny(v, "*$+?#") {
			return nil, false
		}
	}
	return values, true
}
