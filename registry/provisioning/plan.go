package provisioning

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
)

// Values are what a template is evaluated with.
type Values struct {
	// Parameters are what a device, an operator or a hook has given. Those that the template does
	// not declare are of no account.
	Parameters map[string]string
	// Pseudo are what the server knows: see CertificateID and FromCertificate.
	Pseudo map[string]string
}

// A Plan is what a template asks for.
type Plan struct {
	Thing       *Thing // nil without one
	Certificate Certificate
	Policies    []Policy // by logical id
	// Configuration is what the device is given, as a JSON object; empty without one.
	Configuration string
}

// Thing is the thing of a plan.
type Thing struct {
	ID           string // logical
	Name         string
	Attributes   map[string]string // nil when the template names none
	Type         string            // empty for none
	Groups       []string          // nil when the template names none
	BillingGroup string            // empty for none
	// OnAttributes, OnType and OnGroups say what happens to a thing that is there already and
	// differs in one of them.
	OnAttributes, OnType, OnGroups string
}

// Certificate is the certificate of a plan. One of Certificate.ID, Request and PEM is given.
type Certificate struct {
	LogicalID string
	ID        string // in lower case
	Request   string // a certificate signing request
	PEM, CA   string
	Status    registry.CertificateStatus
	OnStatus  string // what happens to a certificate that is there already and has another status
	Exclusive bool   // it is attached to the thing exclusively
}

// Policy is one policy of a plan.
type Policy struct {
	ID   string // logical
	Name string
	// Document is that of a policy which is to be made if there is none with the name; empty for one
	// that must exist.
	Document string
}

// The bounds of what a template may ask for are those of the operations that do the same.
var (
	nameForm      = regexp.MustCompile(`^[a-zA-Z0-9:_-]{1,128}$`)
	attributeName = regexp.MustCompile(`^[a-zA-Z0-9_.,@/:#-]{1,128}$`)
	attributeText = regexp.MustCompile(`^[a-zA-Z0-9_.,@/:#=\[\]-]{0,800}$`)
	policyName    = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	certificateID = regexp.MustCompile(`^(0x)?[a-fA-F0-9]{64}$`)
)

// maxConfiguration is how large the configuration of a device may be, in bytes: it must go into one
// message.
const maxConfiguration = 64 << 10

// Evaluate makes the plan of a template with the values of parameters. A fault names the parameter
// that is missing, or the place in the template whose value cannot be used (R-ID-78).
//
//	template  … "ThingName": {"Fn::Join": ["-", ["pump", {"Ref": "Serial"}]]} …
//	Serial=7  a plan for the thing pump-7
//	Serial=/  refused: Resources.thing.Properties.ThingName: "pump-/" …
func (t *Template) Evaluate(v Values) (p Plan, err error) {
	e := &evaluation{Template: t, given: v}
	for _, name := range slices.Sorted(maps.Keys(t.parameters)) {
		if _, err := e.parameter(below("Parameters", name), name); err != nil && !pseudo(name) {
			return p, err
		}
	}
	if t.thing != nil {
		if p.Thing, err = e.planThing(*t.thing); err != nil {
			return p, err
		}
	}
	if p.Certificate, err = e.planCertificate(*t.certificate); err != nil {
		return p, err
	}
	for _, r := range t.policies {
		planned, err := e.planPolicy(r)
		if err != nil {
			return p, err
		}
		p.Policies = append(p.Policies, planned)
	}
	if t.configuration != nil {
		configuration, err := e.value("DeviceConfiguration", t.configuration)
		if err != nil {
			return p, err
		}
		if p.Configuration, err = encode(configuration); err != nil {
			return p, err
		}
		if len(p.Configuration) > maxConfiguration {
			return p, invalid("DeviceConfiguration", "%d bytes, at most %d are allowed",
				len(p.Configuration), maxConfiguration)
		}
	}
	return p, nil
}

// missing is the fault of a parameter without a value.
func missing(name string) error {
	return fault.New(fault.Invalid,
		"parameters: %s is required: the template has no default for it", name)
}

// text evaluates a property that is a text; empty when the template does not have it.
func (e *evaluation) text(r resource, property string) (string, error) {
	given, ok := r.properties[property]
	if !ok {
		return "", nil
	}
	at := r.at(property)
	value, err := e.value(at, given)
	if err != nil {
		return "", err
	}
	return asText(at, value)
}

func (r resource) at(property string) string {
	return "Resources." + r.id + ".Properties." + property
}

// named evaluates a property that is a name of a certain form, empty only if the template does not
// have it.
func (e *evaluation) named(r resource, property string, form *regexp.Regexp) (string, error) {
	name, err := e.text(r, property)
	if _, given := r.properties[property]; err != nil || !given {
		return "", err
	}
	return name, matches(r.at(property), name, form)
}

func matches(path, text string, form *regexp.Regexp) error {
	if !form.MatchString(text) {
		return invalid(path, "%q does not match %s", shortened(text), form)
	}
	return nil
}

func shortened(text string) string {
	const most = 200
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// setting is what happens to a property of a resource that is there already. Without a setting it
// stays as it is.
func (r resource) setting(property string) string {
	if s := r.override[property]; s != "" {
		return s
	}
	return DoNothing
}

func (e *evaluation) planThing(r resource) (_ *Thing, err error) {
	t := &Thing{
		ID:           r.id,
		OnAttributes: r.setting("AttributePayload"),
		OnType:       r.setting("ThingTypeName"),
		OnGroups:     r.setting("ThingGroups"),
	}
	if t.Name, err = e.named(r, "ThingName", nameForm); err != nil {
		return nil, err
	}
	if t.Type, err = e.named(r, "ThingTypeName", nameForm); err != nil {
		return nil, err
	}
	if t.BillingGroup, err = e.named(r, "BillingGroup", nameForm); err != nil {
		return nil, err
	}
	if t.Attributes, err = e.attributes(r); err != nil {
		return nil, err
	}
	t.Groups, err = e.groups(r)
	return t, err
}

func (e *evaluation) attributes(r resource) (map[string]string, error) {
	given, ok := r.properties["AttributePayload"]
	if !ok {
		return nil, nil
	}
	at := r.at("AttributePayload")
	value, err := e.value(at, given)
	if err != nil {
		return nil, err
	}
	fields, err := asObject(at, value)
	if err != nil {
		return nil, err
	}
	attributes := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		text, err := asText(below(at, name), fields[name])
		if err != nil {
			return nil, err
		}
		if err := matches(at, name, attributeName); err != nil {
			return nil, err
		}
		if err := matches(below(at, name), text, attributeText); err != nil {
			return nil, err
		}
		attributes[name] = text
	}
	return attributes, nil
}

func (e *evaluation) groups(r resource) ([]string, error) {
	given, ok := r.properties["ThingGroups"]
	if !ok {
		return nil, nil
	}
	at := r.at("ThingGroups")
	value, err := e.value(at, given)
	if err != nil {
		return nil, err
	}
	items, ok := value.(list)
	if !ok {
		return nil, invalid(at, "must be a list of names")
	}
	groups := []string{}
	for i, item := range items {
		name, err := asText(index(at, i), item)
		if err != nil {
			return nil, err
		}
		if err := matches(index(at, i), name, nameForm); err != nil {
			return nil, err
		}
		if !slices.Contains(groups, name) {
			groups = append(groups, name)
		}
	}
	return groups, nil
}

func (e *evaluation) planCertificate(r resource) (c Certificate, err error) {
	c.LogicalID, c.OnStatus = r.id, r.setting("Status")
	id, err := e.named(r, "CertificateId", certificateID)
	if err != nil {
		return c, err
	}
	c.ID = strings.ToLower(strings.TrimPrefix(id, "0x"))
	if c.Request, err = e.text(r, "CertificateSigningRequest"); err != nil {
		return c, err
	}
	if c.PEM, err = e.text(r, "CertificatePem"); err != nil {
		return c, err
	}
	if c.CA, err = e.text(r, "CACertificatePem"); err != nil {
		return c, err
	}
	status, err := e.text(r, "Status")
	if err != nil {
		return c, err
	}
	switch strings.ToUpper(status) { // the vendor's examples write Active
	case "", "ACTIVE":
		c.Status = registry.CertificateActive
	case "INACTIVE":
		c.Status = registry.CertificateInactive
	default:
		return c, invalid(r.at("Status"), "%q is not one of ACTIVE, INACTIVE", shortened(status))
	}
	kind, err := e.text(r, "ThingPrincipalType")
	switch {
	case err != nil:
		return c, err
	case kind == "EXCLUSIVE_THING":
		c.Exclusive = true
	case kind != "" && kind != "NON_EXCLUSIVE_THING":
		return c, invalid(r.at("ThingPrincipalType"),
			"%q is not one of EXCLUSIVE_THING, NON_EXCLUSIVE_THING", shortened(kind))
	}
	return c, nil
}

// planPolicy plans a policy. The name of one that the template has a document of is the hash of the
// document.
func (e *evaluation) planPolicy(r resource) (p Policy, err error) {
	p.ID = r.id
	given, written := r.properties["PolicyDocument"]
	if !written {
		p.Name, err = e.named(r, "PolicyName", policyName)
		return p, err
	}
	at := r.at("PolicyDocument")
	document, isText := given.(string)
	if !isText {
		e.inPolicy = true
		value, err := e.value(at, given)
		e.inPolicy = false
		if err != nil {
			return p, err
		}
		if document, err = encode(value); err != nil {
			return p, err
		}
	}
	if _, err := policy.Parse(document); err != nil {
		if f := fault.Of(err); f != nil {
			return p, invalid(at, "%s", f.Message)
		}
		return p, err
	}
	sum := sha256.Sum256([]byte(document))
	p.Name, p.Document = hex.EncodeToString(sum[:]), document
	return p, nil
}
