package help_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/help"
)

// pages are those of all operations and services.
func pages(t *testing.T) (all []*help.Page) {
	t.Helper()
	add := func(p *help.Page, err error) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	add(help.API("drover"), nil)
	for _, s := range command.Services {
		add(help.Service("drover", s))
		for _, op := range s.Operations {
			add(help.Operation("drover", s, op.Describe()))
		}
	}
	return all
}

// Every operation has all sections in order, every option of its synopsis is described, and none of
// it speaks of rule numbers (R-CMD-123).
func TestOperations(t *testing.T) {
	t.Parallel()
	option := regexp.MustCompile(`--[a-z0-9-]+`)
	for _, p := range pages(t) {
		if strings.Count(p.Name, " ") < 2 {
			continue // of a service
		}
		var titles []string
		described := map[string]bool{}
		var synopsis help.Code
		for _, s := range p.Sections {
			titles = append(titles, s.Title)
			for _, b := range s.Blocks {
				if e, ok := b.(help.Entry); ok {
					for _, name := range option.FindAllString(e.Term, -1) {
						described[name] = len(e.Blocks) > 0
					}
				}
				if code, ok := b.(help.Code); ok && s.Title == "SYNOPSIS" {
					synopsis = code
				}
			}
		}
		want := []string{"NAME", "DESCRIPTION", "SYNOPSIS", "OPTIONS", "GLOBAL OPTIONS", "EXAMPLES", "OUTPUT"}
		if diff := cmp.Diff(want, titles); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p.Name, diff)
		}
		for _, name := range option.FindAllString(strings.Join(synopsis[1:], " "), -1) {
			if !described[name] {
				t.Errorf("%s: %s has no text", p.Name, name)
			}
		}
		if strings.Contains(p.Text(help.Style{}), "(R-") {
			t.Errorf("%s speaks of rules", p.Name)
		}
	}
}

// A page is as wide as the terminal at most, and at most MaxWidth (R-CMD-138).
func TestWidth(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		for width, most := range map[int]int{0: help.MaxWidth, 80: 80, 500: help.MaxWidth} {
			for line := range strings.Lines(p.Text(help.Style{Width: width})) {
				line = strings.TrimSuffix(line, "\n")
				// A word that is wider than a line stands alone, and a value with its option and a backslash.
				words := slices.DeleteFunc(strings.Fields(line), func(w string) bool { return w == `\` || strings.HasPrefix(w, "--") })
				if len([]rune(line)) > most && len(words) > 1 {
					t.Errorf("%s at %d: %d columns: %s", p.Name, width, len([]rune(line)), line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%s at %d: blanks at the end of %q", p.Name, width, line)
				}
			}
		}
	}
}

// Headings and terms are in bold letters where they are wanted, and the text is the same without
// them.
func TestBold(t *testing.T) {
	t.Parallel()
	p := &help.Page{Name: "drover x", Sections: []help.Section{
		{Title: "OPTIONS", Blocks: []help.Block{help.Entry{Term: "--a", Mark: " (string)", Blocks: []help.Block{help.Paragraph("About a.")}}}},
		{Title: "COMMANDS", Blocks: []help.Block{help.Rows{{Term: "one", Text: "the first"}, {Term: "other", Text: "the second"}}}},
	}}
	plain := "OPTIONS\n    --a (string)\n        About a.\n\nCOMMANDS\n    one    the first\n    other  the second\n"
	if diff := cmp.Diff(plain, p.Text(help.Style{})); diff != "" {
		t.Errorf("plain (-want +got):\n%s", diff)
	}
	bold := p.Text(help.Style{Bold: true})
	if !strings.Contains(bold, "\x1b[1mOPTIONS\x1b[0m\n    \x1b[1m--a\x1b[0m (string)\n") {
		t.Errorf("bold: %q", bold)
	}
	if diff := cmp.Diff(plain, strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(bold)); diff != "" {
		t.Errorf("bold without escapes (-want +got):\n%s", diff)
	}
}

// The lines of R-CMD-124, to the letter, when they are joined again.
func TestShorthandLines(t *testing.T) {
	t.Parallel()
	windows := "startTime=string,durationInMinutes=integer"
	abort := "{failureType=string,action=string,thresholdPercentage=double,minNumberOfExecutedThings=integer}"
	retry := "{failureType=string,numberOfRetries=integer}"
	for option, want := range map[string]string{
		"iot create-job --presigned-url-config": "roleArn=string,expiresInSec=long",
		"iot create-job --job-executions-rollout-config": "maximumPerMinute=integer,exponentialRate={baseRatePerMinute=integer,incrementFactor=double," +
			"rateIncreaseCriteria={numberOfNotifiedThings=integer,numberOfSucceededThings=integer}}",
		"iot create-job --abort-config":                       "criteriaList=[" + abort + "," + abort + "]",
		"iot create-job --timeout-config":                     "inProgressTimeoutInMinutes=long",
		"iot create-job --job-executions-retry-config":        "criteriaList=[" + retry + "," + retry + "]",
		"iot create-job --tags":                               "Key=string,Value=string ...",
		"iot create-job --document-parameters":                "KeyName1=string,KeyName2=string",
		"iot-jobs-data update-job-execution --status-details": "KeyName1=string,KeyName2=string",
		"iot create-job --scheduling-config":                  "startTime=string,endTime=string,endBehavior=string,maintenanceWindows=[{" + windows + "},{" + windows + "}]",
		"iot create-job-template --maintenance-windows":       windows + " ...",
	} {
		words := strings.Fields(option)
		e := entry(t, words[0], words[1], words[2])
		at := slices.IndexFunc(e.Blocks, func(b help.Block) bool {
			inner, ok := b.(help.Entry)
			return ok && inner.Mark == "Shorthand syntax:"
		})
		code := e.Blocks[at].(help.Entry).Blocks[0].(help.Code)
		if diff := cmp.Diff(help.Code{want}, code); diff != "" {
			t.Errorf("%s (-want +got):\n%s", option, diff)
		}
		p := &help.Page{Sections: []help.Section{{Title: "X", Blocks: []help.Block{code}}}}
		if joined := regexp.MustCompile(`\n +`).ReplaceAllString(p.Text(help.Style{Width: 60}), ""); joined != "X"+want+"\n" {
			t.Errorf("%s in 60 columns: %s", option, joined)
		}
	}
}

// entry is what the page of an operation says about an option.
func entry(t *testing.T, service, operation, option string) help.Entry {
	t.Helper()
	s := command.FindService(service)
	p, err := help.Operation("drover", s, command.Find(s, operation))
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range p.Sections {
		for _, b := range section.Blocks {
			if e, ok := b.(help.Entry); ok && e.Term == option {
				return e
			}
		}
	}
	t.Fatalf("%s %s has no %s", service, operation, option)
	return help.Entry{}
}

// JSON syntax is shown over several lines, with the values of an enumeration (R-CMD-125).
func TestJSONSyntax(t *testing.T) {
	t.Parallel()
	e := entry(t, "iot", "create-job", "--abort-config")
	code := e.Blocks[len(e.Blocks)-1].(help.Entry).Blocks[0].(help.Code)
	want := help.Code{
		`{`, `  "criteriaList": [`, `    {`, `      "failureType": "FAILED"|"REJECTED"|"TIMED_OUT"|"ALL",`, `      "action": "CANCEL",`,
		`      "thresholdPercentage": double,`, `      "minNumberOfExecutedThings": integer`, `    }`, `    ...`, `  ]`, `}`,
	}
	if diff := cmp.Diff(want, code); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	e = entry(t, "iot", "create-job", "--document-parameters")
	code = e.Blocks[len(e.Blocks)-1].(help.Entry).Blocks[0].(help.Code)
	if diff := cmp.Diff(help.Code{`{"string": "string"`, `  ...}`}, code); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Called by another name, the pages use that one (R-CMD-3).
func TestProgram(t *testing.T) {
	t.Parallel()
	for _, s := range command.Services {
		for _, op := range s.Operations {
			p, err := help.Operation("aws", s, op.Describe())
			if err != nil {
				t.Fatal(err)
			}
			if text := p.Text(help.Style{}); strings.Contains(text, "drover iot") {
				t.Errorf("%s speaks of drover:\n%s", p.Name, text)
			}
		}
	}
}
