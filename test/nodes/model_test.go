package nodes

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// The model of one execution, for porcupine: which answers are possible in which order. What is not
// asked for by a request of the history but may happen, such as an abort of the job, is an effect
// that may come at any time, or never.

// A kind is what a request is to one execution.
type kind string

const (
	nothing  kind = ""         // the request does not concern one execution
	describe kind = "describe" // says status and version
	next     kind = "start"    // start-next answered with this execution
	report   kind = "report"
	refused  kind = "refused" // the answer to a report that was sent again
	cancel   kind = "cancel"
	force    kind = "cancel with force"
	remove   kind = "delete"

	// What may happen, once at most.
	mayCreate      kind = "may be created"
	mayStart       kind = "may be started"
	mayCancel      kind = "may be canceled"
	mayForceCancel kind = "may be canceled with force"
	mayRemove      kind = "may be removed"
	mayTimeOut     kind = "may time out"
	mayDelete      kind = "may be deleted"
)

// A state is that of an execution.
type state struct {
	status  string
	version int64
}

// absent is the status before an execution was created, gone after it was deleted.
const absent, gone = "", "gone"

// The codes of refusals that say something of an execution. Both planes have their own names.
var (
	isNotFound = among("ResourceNotFound", "ResourceNotFoundException")
	isTerminal = among("TerminalStateReached", "TerminalStateException")
	isIllegal  = among("InvalidStateTransition", "InvalidStateTransitionException")
	isConflict = among("VersionMismatch", "VersionConflictException")
)

func among(all ...string) func(string) bool {
	return func(code string) bool { return slices.Contains(all, code) }
}

// pending reports whether the execution can still change.
func (s state) pending() bool { return s.status == "QUEUED" || s.status == "IN_PROGRESS" }

// exists reports whether the execution can be described.
func (s state) exists() bool { return s.status != absent && s.status != gone }

// to is the state after a change of the status.
func (s state) to(status string) state { return state{status, s.version + 1} }

// agrees reports whether an answer that says status and version says these.
func (s state) agrees(a answer) bool {
	return a.version == 0 || a.version == s.version && a.status == s.status
}

// steps returns the states in which a request may leave an execution, none when the answer is not
// possible in the state. For example, a report of SUCCEEDED that expects version 2 and got no
// answer leaves an execution that is IN_PROGRESS at version 2 so, or SUCCEEDED at version 3; one
// that is at version 3 already it leaves alone. The answer "SUCCEEDED, version 4" to it is not
// possible at all.
func steps(s state, in ask, out answer) []state {
	if out.unknown {
		if after, ok := effect(s, in); ok {
			return []state{s, after}
		}
		return []state{s}
	}
	if out.code != "" {
		return keepIf(possible(s, in, out), s)
	}
	switch in.kind {
	case describe:
		return keepIf(s.exists() && s.agrees(out), s)
	case next: // one that is IN_PROGRESS is returned as it is (R-HTTP-14)
		if s.status == "IN_PROGRESS" {
			return keepIf(s.agrees(out), s)
		}
	}
	after, ok := effect(s, in)
	return keepIf(ok && after.agrees(out), after)
}

func keepIf(ok bool, s state) []state {
	if !ok {
		return nil
	}
	return []state{s}
}

// effect is what a request does when it is accepted; false when it cannot be. Only the versions of
// reports and of what the service does by itself count up; a deleted execution has none.
func effect(s state, in ask) (after state, ok bool) {
	switch queued, started := s.status == "QUEUED", s.status == "IN_PROGRESS"; in.kind {
	case mayCreate:
		return state{"QUEUED", 1}, s.status == absent
	case next, mayStart:
		return s.to("IN_PROGRESS"), queued
	case report:
		return s.to(in.status), s.pending() && (in.expected == 0 || in.expected == s.version)
	case cancel, mayCancel:
		return s.to("CANCELED"), queued
	case force, mayForceCancel:
		return s.to("CANCELED"), queued || started
	case mayRemove:
		return s.to("REMOVED"), queued
	case mayTimeOut:
		return s.to("TIMED_OUT"), started
	case remove, mayDelete:
		return state{gone, 0}, s.exists()
	}
	return s, false
}

// possible reports whether a refusal is possible in a state. A refusal that says status and version
// is a read of them, too: nothing may say InvalidStateTransition with CANCELED of an execution that
// nobody has canceled.
func possible(s state, in ask, out answer) bool {
	ended := s.exists() && !s.pending()
	switch {
	case isNotFound(out.code): // for a report, also one of an attempt that is not the latest
		return !s.exists() || ended && (in.kind == report || in.kind == refused)
	case isTerminal(out.code):
		return ended
	case isIllegal(out.code):
		startedOnly := in.kind == cancel && s.status == "IN_PROGRESS"
		return (ended || startedOnly) && s.agrees(out)
	case isConflict(out.code):
		return s.pending() && in.expected != s.version && s.agrees(out)
	}
	return true // such as one of the request itself, which says nothing of the execution
}

// model is the model of one execution for porcupine.
var model = porcupine.NondeterministicModel{
	Init: func() []any { return []any{state{absent, 0}} },
	Step: func(s, in, out any) (after []any) {
		for _, s := range steps(s.(state), in.(ask), out.(answer)) {
			after = append(after, s)
		}
		return after
	},
	DescribeOperation: func(in, out any) string {
		return strings.TrimSpace(fmt.Sprintf("%v -> %v", in, out))
	},
	DescribeState: func(s any) string { return fmt.Sprint(s) },
}

// String says what was asked, such as report SUCCEEDED, version 2.
func (a ask) String() string {
	text := string(a.kind)
	if a.status != "" {
		text += " " + a.status
	}
	if a.expected != 0 {
		text += fmt.Sprintf(", version %d", a.expected)
	}
	return text
}

// String says what was answered.
func (a answer) String() string {
	switch {
	case a.unknown:
		return "no answer"
	case a.version == 0 && a.code == "":
		return "accepted"
	case a.version == 0:
		return a.code
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s, version %d", a.code, a.status, a.version))
}

// String says what an execution is.
func (s state) String() string {
	if s.status == absent {
		return "absent"
	}
	return fmt.Sprintf("%s, version %d", s.status, s.version)
}

// operationsOf translates the calls on one execution, and what may happen to it, for porcupine. A
// call without an answer has all the time after it was sent: it may come last, where it changes
// nothing that anybody has seen. Each such call doubles the orders that are searched, so those that
// can have an effect only once are one: ten reports of SUCCEEDED that expect version 2, of which
// none was answered, are the first of them.
func operationsOf(calls []*call, may map[kind]time.Duration) (all []porcupine.Operation) {
	type open struct {
		kind     kind
		status   string
		expected int64
	}
	seen := map[open]bool{}
	add := func(in ask, out answer, sent, returned time.Duration) {
		if out.unknown {
			returned = math.MaxInt64
		}
		all = append(all, porcupine.Operation{
			ClientId: len(all),
			Input:    in,
			Call:     int64(sent),
			Output:   out,
			Return:   int64(returned),
		})
	}
	for kind, from := range may {
		add(ask{kind: kind}, answer{unknown: true}, from, 0)
	}
	for _, c := range calls {
		reads := c.ask.kind == describe || c.ask.kind == refused
		if c.answer.unknown && reads || c.ask.kind == nothing {
			continue // it says nothing
		}
		// A change that expects a version has its effect once at most, however often it was sent.
		same := open{c.ask.kind, c.ask.status, c.ask.expected}
		if c.answer.unknown && c.ask.expected != 0 && seen[same] {
			continue
		}
		seen[same] = seen[same] || c.answer.unknown
		add(c.ask, c.answer, c.sent, c.returned)
	}
	return all
}
