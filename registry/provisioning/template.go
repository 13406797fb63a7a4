package provisioning

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Template is a document that was read and is in order as far as that can be known without
// parameters: sections, types, properties and functions are known, and every name that it refers to
// is declared (R-ID-77).
type Template struct {
	parameters    map[string]parameter
	mappings      map[string]map[string]object
	thing         *resource
	certificate   *resource
	policies      []resource // by logical id
	configuration object     // nil without a section DeviceConfiguration
}

// parameter is one that a device, an operator or a hook gives, or else its default.
type parameter struct {
	fallback    string
	hasFallback bool
}

// resource is one entry of the section Resources.
type resource struct {
	id         string // its logical id
	properties object
	override   map[string]string // property → setting
}

// The types of resource.
const (
	typeThing       = "AWS::IoT::Thing"
	typeCertificate = "AWS::IoT::Certificate"
	typePolicy      = "AWS::IoT::Policy"
)

// MaxPolicies is how many policies a template may have: no certificate may have more (R-ID-22).
const MaxPolicies = 10

// properties are those of each type of resource, and settings what OverrideSettings may say of
// them.
var (
	properties = map[string][]string{
		typeThing: {
			"ThingName", "AttributePayload", "ThingTypeName", "ThingGroups", "BillingGroup",
		},
		typeCertificate: {
			"CertificateId", "CertificateSigningRequest", "CertificatePem", "CACertificatePem",
			"Status", "ThingPrincipalType",
		},
		typePolicy: {"PolicyName", "PolicyDocument"},
	}
	settings = map[string]map[string][]string{
		typeThing: {
			"AttributePayload": {DoNothing, Replace, Fail, Merge},
			"ThingTypeName":    {DoNothing, Replace, Fail},
			"ThingGroups":      {DoNothing, Replace, Fail, Merge},
		},
		typeCertificate: {"Status": {DoNothing, Replace, Fail}},
	}
)

// What OverrideSettings may say about a property of a resource that is there already and differs.
const (
	DoNothing = "DO_NOTHING" // leave it
	Replace   = "REPLACE"    // set what the template says
	Fail      = "FAIL"       // refuse the request
	Merge     = "MERGE"      // add what the template says
)

// Parse reads a template. A fault names the place in it.
func Parse(text string) (*Template, error) {
	value, err := decode(text)
	if err != nil {
		return nil, err
	}
	body, ok := value.(object)
	if !ok {
		return nil, invalid("", "must be a JSON object")
	}
	t := &Template{}
	for _, section := range slices.Sorted(maps.Keys(body)) {
		switch section {
		case "Parameters", "Mappings", "Resources", "DeviceConfiguration":
		default:
			return nil, invalid(section, "not a section of a template; there are Parameters, "+
				"Mappings, Resources and DeviceConfiguration")
		}
	}
	if err := t.readParameters(body["Parameters"]); err != nil {
		return nil, err
	}
	if err := t.readMappings(body["Mappings"]); err != nil {
		return nil, err
	}
	if err := t.readResources(body["Resources"]); err != nil {
		return nil, err
	}
	if given, ok := body["DeviceConfiguration"]; ok {
		if t.configuration, err = asObject("DeviceConfiguration", given); err != nil {
			return nil, err
		}
	}
	return t, t.check("DeviceConfiguration", t.configuration)
}

func (t *Template) readParameters(given any) error {
	t.parameters = map[string]parameter{}
	section, err := optionalObject("Parameters", given)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(section)) {
		at := below("Parameters", name)
		declared, err := asObject(at, section[name])
		if err != nil {
			return err
		}
		if err := onlyKeys(at, declared, "Type", "Default"); err != nil {
			return err
		}
		if declared["Type"] != "String" {
			return invalid(below(at, "Type"), "must be String")
		}
		p := parameter{}
		if fallback, ok := declared["Default"]; ok {
			if p.fallback, ok = fallback.(string); !ok {
				return invalid(below(at, "Default"), "must be a string")
			}
			p.hasFallback = true
		}
		t.parameters[name] = p
	}
	return nil
}

// readMappings reads maps of two levels. There are no functions in them.
func (t *Template) readMappings(given any) error {
	t.mappings = map[string]map[string]object{}
	section, err := optionalObject("Mappings", given)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(section)) {
		at := below("Mappings", name)
		first, err := asObject(at, section[name])
		if err != nil {
			return err
		}
		t.mappings[name] = map[string]object{}
		for _, key := range slices.Sorted(maps.Keys(first)) {
			if t.mappings[name][key], err = asObject(below(at, key), first[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Template) readResources(given any) error {
	if given == nil {
		return invalid("Resources", "required")
	}
	section, err := asObject("Resources", given)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(section)) {
		if err := t.readResource(id, section[id]); err != nil {
			return err
		}
	}
	if t.certificate == nil {
		return invalid("Resources", "no resource of type %s", typeCertificate)
	}
	return nil
}

func (t *Template) readResource(id string, given any) error {
	at := below("Resources", id)
	declared, err := asObject(at, given)
	if err != nil {
		return err
	}
	if err := onlyKeys(at, declared, "Type", "Properties", "OverrideSettings"); err != nil {
		return err
	}
	kind, _ := declared["Type"].(string)
	known, ok := properties[kind]
	if !ok {
		return invalid(below(at, "Type"), "must be one of %s, %s, %s",
			typeThing, typeCertificate, typePolicy)
	}
	r := resource{id: id}
	if r.properties, err = optionalObject(below(at, "Properties"), declared["Properties"]); err != nil {
		return err
	}
	if err := onlyKeys(below(at, "Properties"), r.properties, known...); err != nil {
		return err
	}
	if err := t.check(below(at, "Properties"), r.properties); err != nil {
		return err
	}
	if r.override, err = readOverride(below(at, "OverrideSettings"), kind, declared); err != nil {
		return err
	}
	switch kind {
	case typeThing:
		return t.keepThing(at, r)
	case typeCertificate:
		return t.keepCertificate(at, r)
	}
	return t.keepPolicy(at, r)
}

func (t *Template) keepThing(at string, r resource) error {
	if t.thing != nil {
		return invalid(at, "%s is a thing already, and a template has one", t.thing.id)
	}
	if _, ok := r.properties["ThingName"]; !ok {
		return invalid(below(at, "Properties.ThingName"), "required")
	}
	t.thing = &r
	return nil
}

// keepCertificate takes the certificate, which is given in one way: by its id, by a signing request
// or in PEM form.
func (t *Template) keepCertificate(at string, r resource) error {
	if t.certificate != nil {
		return invalid(at, "%s is a certificate already, and a template has one", t.certificate.id)
	}
	ways := 0
	for _, name := range []string{"CertificateId", "CertificateSigningRequest", "CertificatePem"} {
		if _, ok := r.properties[name]; ok {
			ways++
		}
	}
	if ways != 1 {
		return invalid(below(at, "Properties"),
			"must have one of CertificateId, CertificateSigningRequest, CertificatePem")
	}
	_, pem := r.properties["CertificatePem"]
	if _, ca := r.properties["CACertificatePem"]; ca && !pem {
		return invalid(below(at, "Properties.CACertificatePem"), "goes with CertificatePem only")
	}
	t.certificate = &r
	return nil
}

// keepPolicy takes a policy, which is either one that exists or a document.
func (t *Template) keepPolicy(at string, r resource) error {
	_, named := r.properties["PolicyName"]
	document, written := r.properties["PolicyDocument"]
	if named == written {
		return invalid(below(at, "Properties"),
			"must have PolicyName, for a policy that exists, or PolicyDocument, and not both")
	}
	if fields, ok := document.(object); ok && len(fields) == 1 && isCall(fields) {
		return invalid(below(at, "Properties.PolicyDocument"), "must be an object, in which "+
			"functions may stand, or a text; a text that functions make could be completed by a "+
			"parameter")
	}
	if len(t.policies) == MaxPolicies {
		return invalid(at, "a template has at most %d policies", MaxPolicies)
	}
	t.policies = append(t.policies, r)
	return nil
}

func readOverride(at, kind string, declared object) (map[string]string, error) {
	given, err := optionalObject(at, declared["OverrideSettings"])
	if err != nil || len(given) == 0 {
		return nil, err
	}
	allowed := settings[kind]
	if allowed == nil {
		return nil, invalid(at, "a policy has none: one that exists stays as it is")
	}
	override := map[string]string{}
	for _, property := range slices.Sorted(maps.Keys(given)) {
		choices, ok := allowed[property]
		if !ok {
			return nil, invalid(below(at, property), "there are settings for %s",
				strings.Join(slices.Sorted(maps.Keys(allowed)), ", "))
		}
		setting, _ := given[property].(string)
		if !slices.Contains(choices, setting) {
			return nil, invalid(below(at, property), "must be one of %s", strings.Join(choices, ", "))
		}
		override[property] = setting
	}
	return override, nil
}

// below is the path of a member, index that of an item of a list.
func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func asObject(path string, value any) (object, error) {
	made, ok := value.(object)
	if !ok {
		return nil, invalid(path, "must be an object")
	}
	return made, nil
}

func optionalObject(path string, value any) (object, error) {
	if value == nil {
		return object{}, nil
	}
	return asObject(path, value)
}

// onlyKeys refuses an object with other keys than these.
func onlyKeys(path string, given object, known ...string) error {
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, key) {
			return invalid(below(path, key), "not known here; there are %s", strings.Join(known, ", "))
		}
	}
	return nil
}
