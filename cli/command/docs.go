package command

import (
	"regexp"
	"strings"
	"sync"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/schema"
)

// The texts on operations and members are the doc comments of the API packages, which are part of
// the binary. They are written for readers of the code, and lose here what only those readers can
// look up.

// Docs are the texts of a service. They are read only when somebody asks for them.
func Docs(s *schema.Service) (schema.Docs, error) {
	if s == &jobsdata.Service {
		return jobsdata.Docs()
	}
	return iot.Docs()
}

// ruleIDs matches references to docs/spec, which somebody who asks for help has not open.
var ruleIDs = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(` \(R-[A-Z]+-\d+((, | to )R-[A-Z]+-\d+)*\)`)
})

// PlainText is a doc comment on one line, without references to rules.
func PlainText(comment string) string {
	return ruleIDs().ReplaceAllString(strings.Join(strings.Fields(comment), " "), "")
}

// Sentence is the first sentence of a doc comment.
func Sentence(comment string) string {
	text := PlainText(comment)
	if at := strings.Index(text, ". "); at >= 0 {
		return text[:at+1]
	}
	return text
}
