package overview

import (
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/schema"
)

// SinkTable is the list of sinks as a table at a time (R-SNK-15).
func SinkTable(sinks []drover.Sink, now time.Time) Table {
	t := Table{
		Titles:  []string{"SINK", "KIND", "DELIVERED", "WAITING", "DEAD LETTERS", "LAST ERROR"},
		Shrinks: []int{0, 5},
	}
	for _, s := range sinks {
		waiting := ago(s.WaitingSince, now, "nothing")
		if !s.Enabled {
			waiting = "disabled"
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: string(s.SinkName)},
			{Text: string(s.Kind)},
			{Text: strconv.FormatInt(s.Delivered, 10)},
			{Text: waiting},
			{Text: strconv.FormatInt(s.DeadLetters, 10)},
			{Text: lastError(s, now)},
		})
	}
	return t
}

// ago says how long ago something was, and something else when it was not.
func ago(at *schema.Timestamp, now time.Time, otherwise string) string {
	if at == nil {
		return otherwise
	}
	return follow.Ago(at.Time(), now)
}

// lastError is why the last attempt that failed did, and when.
func lastError(s drover.Sink, now time.Time) string {
	if s.LastError == nil {
		return "none"
	}
	return *s.LastError + ", " + ago(s.LastErrorAt, now, "")
}

// SinkDetails is one sink as a table of names and values.
func SinkDetails(s drover.Sink, now time.Time) Table {
	t := Table{Titles: []string{"NAME", string(s.SinkName)}, Shrinks: []int{1}}
	add := func(name, text string) {
		if text != "" {
			t.Rows = append(t.Rows, []Cell{{name, terminal.Dim}, {Text: text}})
		}
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	add("kind", string(s.Kind))
	add("url", string(s.URL))
	add("enabled", strconv.FormatBool(s.Enabled))
	add("topics", strings.Join(s.Topics, " "))
	add("jobs", strings.Join(s.Jobs, " "))
	if s.Subject != nil {
		add("subject", string(*s.Subject))
	}
	if s.Username != nil {
		add("username", string(*s.Username))
	}
	add("retry for", (time.Duration(s.RetryForSeconds) * time.Second).String())
	if s.PreviousSecretUntil != nil {
		add("old secret until", s.PreviousSecretUntil.Time().Format(time.RFC3339))
	}
	add("delivered", number(s.Delivered))
	add("last delivered", ago(s.LastDeliveredAt, now, "never"))
	add("waiting since", ago(s.WaitingSince, now, "nothing waits"))
	add("skipped", number(s.Skipped))
	add("dead letters", number(s.DeadLetters))
	add("dropped dead letters", number(s.DroppedDeadLetters))
	add("last error", lastError(s, now))
	return t
}

// DeadLetterTable is the list of dead letters as a table at a time (R-SNK-10).
func DeadLetterTable(letters []drover.DeadLetter, now time.Time) Table {
	t := Table{
		Titles:  []string{"NUMBER", "FAILED", "ATTEMPTS", "TOPIC", "REASON"},
		Shrinks: []int{3, 4},
	}
	for _, d := range letters {
		reason := d.Reason
		if d.Retrying {
			reason = "is sent again; " + reason
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: strconv.FormatInt(int64(d.DeadLetterID), 10)},
			{follow.Ago(d.FailedAt.Time(), now), terminal.Dim},
			{Text: strconv.FormatInt(d.Attempts, 10)},
			{Text: d.Topic},
			{Text: reason},
		})
	}
	return t
}
