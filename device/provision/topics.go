package provision

import (
	"strings"

	"github.com/drover-iot/drover/registry/provisioning"
)

// operation is what a topic asks for.
type operation string

// The operations, named as in the vendor's documentation.
const (
	createKeys operation = "CreateKeysAndCertificate"
	fromCSR    operation = "CreateCertificateFromCsr"
	register   operation = "RegisterThing"
)

// Operations are the names of all operations.
func Operations() []string {
	return []string{string(createKeys), string(fromCSR), string(register)}
}

// request is a topic on which devices publish, read.
type request struct {
	operation operation
	template  string // of register
	form      form
}

// Reserved reports whether a topic belongs to provisioning, whatever it means there.
func Reserved(topic string) bool {
	return strings.HasPrefix(topic, "$aws/certificates/") ||
		strings.HasPrefix(topic, provisioning.TemplateTopic)
}

// Claims reports whether devices may publish to a topic: to requests, not to answers.
func Claims(topic string) bool {
	_, ok := parseTopic(topic)
	return ok
}

// parseTopic reads the topic of a request. The parts are pieces of the topic.
func parseTopic(topic string) (r request, ok bool) {
	if rest, found := strings.CutPrefix(topic, provisioning.CreateTopic); found {
		r.operation, r.form = createKeys, forms[rest]
	} else if rest, found := strings.CutPrefix(topic, provisioning.FromCSRTopic); found {
		r.operation, r.form = fromCSR, forms[rest]
	} else if rest, found := strings.CutPrefix(topic, provisioning.TemplateTopic); found {
		name, rest, _ := strings.Cut(rest, "/")
		rest, _ = strings.CutPrefix(rest, "provision/")
		r = request{operation: register, template: name, form: forms[rest]}
		if !strings.HasPrefix(topic[len(provisioning.TemplateTopic)+len(name):], "/provision/") ||
			!isTemplateName(name) {
			return r, false
		}
	}
	return r, r.form != nil
}

// isTemplateName tests the form of the name of a template.
func isTemplateName(s string) bool {
	if s == "" || len(s) > 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
