package job

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/jsoncheck"
)

// ManagedTemplate is a template that comes with the server. It is read-only, and its document has
// parameters (docs/spec/23, section 6).
type ManagedTemplate struct {
	Name         string              `json:"templateName"`
	Version      string              `json:"templateVersion"` // major.minor
	Description  string              `json:"description"`
	Environments []string            `json:"environments"`
	Parameters   []DocumentParameter `json:"documentParameters"`
	// Document is compact, its members in the order of the file (R-MT-6).
	Document json.RawMessage `json:"document"`

	store ObjectStore // the server's own, which placeholders may name
}

// DocumentParameter is one value that a job made from a managed template gives.
type DocumentParameter struct {
	Key         string `json:"key"`
	Description string `json:"description"`
	Regex       string `json:"regex"`
	Example     string `json:"example"`
	Optional    bool   `json:"optional"`
}

// ParseManagedTemplate reads the file of a managed template, for a server with this object store.
func ParseManagedTemplate(data []byte, store ObjectStore) (m ManagedTemplate, err error) {
	if problem := jsoncheck.Problem(string(data)); problem != "" {
		return m, errors.New(problem)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return m, err
	}
	m.store = store
	if m.Name == "" || len(m.Name) > 64 {
		return m, fmt.Errorf("templateName %q: must be 1 to 64 characters", m.Name)
	}
	if _, _, ok := m.version(); !ok {
		return m, fmt.Errorf("templateVersion %q: must be like 1.0", m.Version)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, m.Document); err != nil {
		return m, fmt.Errorf("document: %w", err)
	}
	m.Document = compact.Bytes()
	for i, p := range m.Parameters {
		if err := checkPattern(p.Regex); err != nil {
			return m, fmt.Errorf("documentParameters[%d].regex: %w", i, err)
		}
	}
	return m, m.checkPlaceholders()
}

// checkPlaceholders refuses a file whose document has a parameter that the file does not describe.
func (m ManagedTemplate) checkPlaceholders() error {
	_, err := Resolve(string(m.Document), func(p Placeholder) (string, error) {
		if p.Kind != ParameterPlaceholder {
			return "", p.check(m.store, DefaultRequestLimits.SameLocal)
		}
		if _, known := m.parameter(p.Argument); !known {
			return "", fmt.Errorf("document: parameter %q is not described", p.Argument)
		}
		return "", nil
	})
	return err
}

// parameter finds a parameter by its key.
func (m ManagedTemplate) parameter(key string) (DocumentParameter, bool) {
	for _, p := range m.Parameters {
		if p.Key == key {
			return p, true
		}
	}
	return DocumentParameter{}, false
}

// version is the template's version as numbers, by which versions are ordered: 1.10 is newer than
// 1.9.
func (m ManagedTemplate) version() (major, minor int, ok bool) {
	left, right, _ := strings.Cut(m.Version, ".")
	major, err1 := strconv.Atoi(left)
	minor, err2 := strconv.Atoi(right)
	return major, minor, err1 == nil && err2 == nil && major > 0
}

// Resolve returns the document with its parameters filled in (R-PAR-2 to R-PAR-5). It still has its
// S3 placeholders, and those that stand in values (R-SUB-1).
func (m ManagedTemplate) Resolve(
	values map[string]string, l RequestLimits,
) (document string, err error) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		p, known := m.parameter(key)
		if !known {
			return "", fault.New(fault.Invalid,
				"documentParameters: template %s has no parameter %q", m.Name, key)
		}
		pattern, err := compilePattern(p.Regex)
		if err != nil {
			return "", err // checked when the file was read
		}
		if !pattern.MatchString(values[key]) {
			return "", fault.New(fault.Invalid,
				"documentParameters.%s: the value does not match %s", key, p.Regex)
		}
	}
	for _, p := range m.Parameters {
		if _, given := values[p.Key]; !given && !p.Optional {
			return "", fault.New(fault.Invalid,
				"documentParameters.%s: required by template %s", p.Key, m.Name)
		}
	}
	filled := 0
	document, err = Resolve(string(m.Document), func(p Placeholder) (string, error) {
		if p.Kind != ParameterPlaceholder {
			return p.String(), nil
		}
		filled++
		return values[p.Argument], nil // the empty text for one that is not given, R-PAR-4
	})
	if err != nil {
		return "", err
	}
	remaining, err := CheckDocument(document, m.store, l)
	if n := filled + len(remaining); err == nil && n > l.Placeholders {
		err = l.tooManyPlaceholders(n)
	}
	return document, err
}

// ManagedTemplates are the managed templates of a server, in the order of lists.
type ManagedTemplates []ManagedTemplate

// NewManagedTemplates orders templates as lists show them: by name, newest version first
// (R-API-35). Two with one name and version are an error.
func NewManagedTemplates(templates []ManagedTemplate) (ManagedTemplates, error) {
	ordered := slices.Clone(templates)
	slices.SortStableFunc(ordered, func(a, b ManagedTemplate) int {
		aMajor, aMinor, _ := a.version()
		bMajor, bMinor, _ := b.version()
		return cmp.Or(
			cmp.Compare(a.Name, b.Name), cmp.Compare(bMajor, aMajor), cmp.Compare(bMinor, aMinor))
	})
	for i := 1; i < len(ordered); i++ {
		if ordered[i].Name == ordered[i-1].Name && ordered[i].Version == ordered[i-1].Version {
			return nil, fmt.Errorf(
				"managed template %s %s is there twice", ordered[i].Name, ordered[i].Version)
		}
	}
	return ordered, nil
}

// Find returns a template in a version, in the newest when version is empty (R-MT-2).
func (ts ManagedTemplates) Find(name, version string) (ManagedTemplate, error) {
	for _, m := range ts {
		if m.Name == name && (version == "" || m.Version == version) {
			return m, nil
		}
	}
	if version != "" {
		version = " in version " + version
	}
	return ManagedTemplate{}, fault.New(fault.NotFound,
		"managed template %s%s does not exist", name, version)
}
