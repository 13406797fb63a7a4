package overview

import (
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/terminal"
)

// An Explanation is why a thing has not done a job, or what a job waits for, as a text for people
// (R-EXP-1): the verdict, and below it each reason with its sentence and its times.
type Explanation struct {
	About   string // what is explained: a thing, a job, or both
	Verdict drover.Verdict
	Detail  string // what follows the verdict; may be empty
	Reasons []drover.Reason
}

// ThingExplanation is the answer about a thing.
func ThingExplanation(a *drover.ThingExplanation) Explanation {
	e := Explanation{About: string(a.ThingName), Verdict: a.Verdict, Reasons: a.Reasons}
	if a.JobID != nil {
		e.About += ", job " + string(*a.JobID)
	}
	var details []string
	if a.Target != nil {
		details = append(details, "a target by "+*a.Target)
	}
	if a.ExecutionNumber != nil && a.Status != nil {
		details = append(details, fmt.Sprintf("execution %d is %s", *a.ExecutionNumber, *a.Status))
	}
	e.Detail = strings.Join(details, "; ")
	return e
}

// JobExplanation is the answer about a job.
func JobExplanation(a *drover.JobExplanation) Explanation {
	return Explanation{
		About:   "job " + string(a.JobID),
		Verdict: a.Verdict,
		Detail:  "it is " + string(a.Status),
		Reasons: a.Reasons,
	}
}

// verdictStyles are the colours of verdicts.
var verdictStyles = map[drover.Verdict]terminal.Style{
	"DONE":    terminal.Green,
	"RUNNING": terminal.Blue,
	"WAITING": terminal.Yellow,
	"BLOCKED": terminal.Red,
}

// String is the text at a time, for so many columns; 0 is no limit.
func (e Explanation) String(now time.Time, columns int, colors bool) string {
	var text strings.Builder
	verdict := terminal.Paint(string(e.Verdict), verdictStyles[e.Verdict], colors)
	fmt.Fprintf(&text, "%s: %s", e.About, verdict)
	if e.Detail != "" {
		text.WriteString(" (" + e.Detail + ")")
	}
	text.WriteString("\n")
	width := 0
	for _, r := range e.Reasons {
		width = max(width, len(r.Code))
	}
	for _, r := range e.Reasons {
		lines := wrapped(r.Text, columns-width-gap)
		if at := times(r, now); at != "" {
			lines = append(lines, terminal.Paint(at, terminal.Dim, colors))
		}
		blank := strings.Repeat(" ", width-len(r.Code))
		code := terminal.Paint(r.Code, terminal.Bold, colors) + blank
		for _, line := range lines {
			text.WriteString(code + strings.Repeat(" ", gap) + line + "\n")
			code = strings.Repeat(" ", width)
		}
	}
	return text.String()
}

// times says since when a reason holds, and until when.
func times(r drover.Reason, now time.Time) string {
	var parts []string
	if r.Since != nil {
		parts = append(parts, "since "+follow.Ago(r.Since.Time(), now))
	}
	if r.Until != nil {
		parts = append(parts, "until "+coming(r.Until.Time(), now))
	}
	if r.Expected != nil {
		parts = append(parts, "expected for "+coming(r.Expected.Time(), now))
	}
	return strings.Join(parts, ", ")
}

// coming is a time with how far it is away.
func coming(at, now time.Time) string {
	text := at.Format(time.RFC3339)
	if !at.After(now) {
		return text + " (now)"
	}
	return text + " (in " + follow.Span(at.Sub(now)) + ")"
}

// narrowText is the narrowest column that a sentence is wrapped into.
const narrowText = 30

// wrapped cuts a sentence into lines between words.
func wrapped(sentence string, columns int) (lines []string) {
	if columns <= 0 {
		return []string{sentence}
	}
	columns = max(columns, narrowText)
	line := ""
	for word := range strings.FieldsSeq(sentence) {
		if line != "" && output.DisplayWidth(line)+1+output.DisplayWidth(word) > columns {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
