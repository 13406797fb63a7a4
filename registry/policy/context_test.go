package policy

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/registry"
)

// connection is a context in which every variable has a value.
func connection() *Context {
	return &Context{
		ClientID: "pump-07", Attached: true, SourceIP: "10.0.8.21", CertificateID: "abc",
		WillTopic:         "arn:will",
		ConnectAttributes: []string{"PersistentConnect", "LastWill"},
		Thing: &registry.Thing{Name: "pump", Type: "kind",
			Attributes: map[string]string{"site": "north", "a]b": "c", "empty": ""}},
		Certificate: &x509.Certificate{
			SerialNumber: big.NewInt(0xbeef),
			Subject: pkix.Name{
				CommonName: "device", Country: []string{"CH"},
				Organization:       []string{"o1", "o2", "o3", "o4", "o5", "o6"},
				OrganizationalUnit: []string{"u"}, Province: []string{"ZH"}, SerialNumber: "s",
			},
			Issuer: pkix.Name{CommonName: "issuer"},
		},
	}
}

// What each variable resolves to (R-ID-30).
func TestVariables(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"iot:ClientId":                               "pump-07",
		"iot:Connection.Thing.IsAttached":            "true",
		"iot:Connection.Thing.ThingName":             "pump",
		"iot:Thing.ThingName":                        "pump",
		"iot:Connection.Thing.ThingTypeName":         "kind",
		"iot:Connection.Thing.Attributes[site]":      "north",
		"iot:Connection.Thing.Attributes[a]b]":       "c",
		"aws:SourceIp":                               "10.0.8.21",
		"iot:CertificateId":                          "abc",
		"iot:LastWillTopic":                          "arn:will",
		"iot:ConnectAttributes":                      "PersistentConnect LastWill",
		"iot:Certificate.SerialNumber":               "beef",
		"iot:Certificate.Subject.CommonName":         "device",
		"iot:Certificate.Subject.Country":            "CH",
		"iot:Certificate.Subject.OrganizationalUnit": "u",
		"iot:Certificate.Subject.State":              "ZH",
		"iot:Certificate.Subject.SerialNumber":       "s",
		"iot:Certificate.Subject.Organization":       "o1",
		"iot:Certificate.Subject.Organization.1":     "o2",
		"iot:Certificate.Subject.Organization.5":     "o6",
		"iot:Certificate.Subject.Organization.List":  "o1 o2 o3 o4 o5",
		"iot:Certificate.Issuer.CommonName":          "issuer",
		"iot:Certificate.Subject.CommonName.List":    "device",
		"iot:Connection.Thing.Attributes[empty]":     "",
	} {
		values, found := connection().lookup(name)
		if got := strings.Join(values, " "); !found || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, found, want)
		}
	}
}

// What does not resolve: names that nobody knows, and what this connection does not have (R-ID-30).
func TestVariablesWithoutValue(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "x", "iot:clientId", "iot:Connection.Thing.Attributes[none]",
		"iot:Connection.Thing.Attributes[site", "iot:Certificate.",
		"iot:Certificate.Subject", "iot:Certificate.Subject.None",
		"iot:Certificate.Other.CommonName", "iot:Certificate.Subject.Organization.0",
		"iot:Certificate.Subject.Organization.6", "iot:Certificate.Subject.Organization.x",
		"iot:Certificate.Issuer.Country", "site]", "[site]", "Attributes[site]",
		"iot:Certificate.Subject.Organization.99999999999999999999",
		"iot:Certificate.Issuer.SerialNumber",
	} {
		if values, found := connection().lookup(name); found {
			t.Errorf("%q: %v", name, values)
		}
	}
	for _, name := range []string{
		"iot:ClientId", "iot:Connection.Thing.IsAttached", "iot:Connection.Thing.ThingName",
		"iot:Connection.Thing.ThingTypeName", "aws:SourceIp",
		"iot:CertificateId", "iot:ConnectAttributes", "iot:LastWillTopic",
		"iot:Certificate.Subject.CommonName",
	} {
		if values, found := (&Context{}).lookup(name); found {
			t.Errorf("%s of an empty context: %v", name, values)
		}
	}
	untyped := &Context{Thing: &registry.Thing{Name: "t"}}
	if values, found := untyped.lookup("iot:Connection.Thing.ThingTypeName"); found {
		t.Errorf("the type of a thing without one: %v", values)
	}
	if _, found := connection().value("iot:ConnectAttributes"); found {
		t.Error("a variable with two values stands in a pattern")
	}
}

// An empty value of a certificate is none (R-ID-30), wherever it stands in a list.
func TestEmptyCertificateValues(t *testing.T) {
	t.Parallel()
	c := Context{Certificate: &x509.Certificate{
		SerialNumber: big.NewInt(0),
		Subject:      pkix.Name{Organization: []string{"", "two"}, Country: []string{""}},
	}}
	for name, want := range map[string]string{
		"Subject.CommonName":        "",
		"Subject.CommonName.List":   "",
		"Subject.Country":           "",
		"Subject.Country.List":      "",
		"Subject.Organization":      "",
		"Subject.Organization.1":    "two",
		"Subject.Organization.List": "", // one of them does not resolve
		"SerialNumber":              "0",
	} {
		values, found := c.lookup("iot:Certificate." + name)
		if got := strings.Join(values, " "); found != (want != "") || got != want {
			t.Errorf("R-ID-30 %s: %q, %v, want %q", name, got, found, want)
		}
	}
}

// Values of a certificate that could act as patterns, or are very long, do not resolve (R-ID-30).
func TestCertificateValues(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{
		"plain": true, "a/b:c": true, strings.Repeat("x", 1024): true,
		strings.Repeat("x", 1025): false,
		"a*":                      false, "$x": false, "+": false, "?": false, "a#b": false,
	} {
		c := Context{Certificate: &x509.Certificate{Subject: pkix.Name{CommonName: value}}}
		values, found := c.lookup("iot:Certificate.Subject.CommonName")
		if found != ok || ok && cmp.Diff([]string{value}, values) != "" {
			t.Errorf("%.20q: %v", value, found)
		}
	}
}
