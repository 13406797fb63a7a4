package cli

import (
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/cli/yaml"
	"github.com/drover-iot/drover/schema"
)

// A sample request in YAML says behind each key what it is for (R-CMD-54). The data are those of
// the sample in JSON.

// skeletonYAML prints a sample request in YAML.
func (c *call) skeletonYAML() error {
	docs, err := command.Docs(c.service)
	if err != nil {
		return err
	}
	sample := skeleton(c.op.Input, "", sampleInput)
	if o := sample.(*value.Object); len(o.Fields) == 0 {
		return c.env.print("{}")
	}
	comments := map[string]string{}
	addComments(comments, docs, c.op.Input, "")
	text := yaml.Append(nil, sample, yaml.Layout{
		Comment: func(path string) string { return comments[path] },
	})
	_, err = c.env.Stdout.Write(text)
	return err
}

// addComments adds the comment on each member inside a shape, by its path: tags[].Key.
func addComments(comments map[string]string, docs schema.Docs, s *schema.Shape, path string) {
	switch s.Kind {
	case schema.List:
		addComments(comments, docs, s.Elem, path+"[]")
	case schema.Map:
		addComments(comments, docs, s.Elem, join(path, "KeyName"))
	case schema.Structure:
		for _, m := range s.Members {
			inner := join(path, m.Name)
			comments[inner] = comment(docs, s, m)
			addComments(comments, docs, m.Shape, inner)
		}
	}
}

// comment is what a sample says of a member: whether it is required, what it is for, and the only
// values that it may have.
func comment(docs schema.Docs, s *schema.Shape, m *schema.Member) string {
	var parts []string
	if m.Required {
		parts = append(parts, "[REQUIRED]")
	}
	if text := command.Sentence(docs.Member(s, m)); text != "" {
		parts = append(parts, text)
	}
	if values := m.Shape.Constraint.OneOf; len(values) > 0 {
		parts = append(parts, "Valid values are: "+strings.Join(values, ", ")+".")
	}
	return strings.Join(parts, " ")
}
