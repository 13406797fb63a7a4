package policy

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/registry"
)

// Context is what is known about the one who asks: variables in patterns and the keys of conditions
// resolve to it (R-ID-30). A zero member is not known, and what asks for it does not resolve.
type Context struct {
	ClientID string // the MQTT client id; empty over HTTP
	// Thing is the connection thing, nil when the connection has none (R-ID-29).
	Thing *registry.Thing
	// Attached says whether a thing named like the client id is attached to the certificate.
	Attached      bool
	SourceIP      string
	Certificate   *x509.Certificate // of the connection, nil without one
	CertificateID string
	// ConnectAttributes are those of PersistentConnect and LastWill that a connection asks for.
	ConnectAttributes []string
	WillTopic         string // ARN of the topic of the will, empty without a will
	// Unresolved is called with each variable or key that was asked for and does not resolve. Nil
	// unless somebody wants to know.
	Unresolved func(name string)
}

// value resolves a variable in a pattern: only a key with exactly one value has one.
func (c *Context) value(name string) (value string, ok bool) {
	values, found := c.lookup(name)
	if !found || len(values) != 1 {
		return "", false
	}
	return values[0], true
}

// lookup returns the values of a variable or key; found is false when it does not resolve.
func (c *Context) lookup(name string) (values []string, found bool) {
	values, found = c.find(name)
	if !found && c.Unresolved != nil {
		c.Unresolved(name)
	}
	return values, found
}

// find is lookup without telling of what does not resolve.
func (c *Context) find(name string) (values []string, found bool) {
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

// thingField resolves the keys that belong to the connection thing.
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

// certificateField resolves Subject, Issuer and SerialNumber. A certificate may have several values
// for one field: Subject.Organization is the first of them, Subject.Organization.1 the second, and
// Subject.Organization.List all of them, at most five.
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

// nameValues returns the values that a distinguished name has for a field, nil for an unknown
// field.
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

// plain refuses values that look like wildcards or variables, and very long ones: they come from a
// certificate that anybody may have made, and do not resolve (R-ID-30).
func plain(values []string) ([]string, bool) {
	for _, v := range values {
		if v == "" || len(v) > 1024 || strings.ContainsAny(v, "*$+?#") {
			return nil, false
		}
	}
	return values, true
}
