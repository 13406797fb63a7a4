package job

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// An operator may hold a single thing: what is QUEUED for it is hidden and cannot be started,
// whatever its job is (R-STR-14). Executions are created as always.

// Hold says that a thing is held. It is in force as long as it is stored, also after Until: what
// ends it then is due work, which removes it and notifies the device.
type Hold struct {
	Thing  registry.ThingID
	Reason string    // as the operator gave it: 1..256 characters of the tag set (R-VAL-32)
	Since  time.Time // when the thing was held
	Until  time.Time // when the hold ends by itself; zero when only an operator ends it
}

// maxReason is how many characters a reason has at the most.
const maxReason = 256

// Check refuses a hold whose reason does not fit, or that would end at once.
func (h Hold) Check(now time.Time) error {
	n := utf8.RuneCountInString(h.Reason)
	if n > maxReason || strings.TrimSpace(h.Reason) == "" {
		return fault.New(fault.Invalid,
			"reason: must be 1 to %d characters that are not all spaces; it has %d", maxReason, n)
	}
	if at := strings.IndexFunc(h.Reason, notInTags); at >= 0 {
		bad, _ := utf8.DecodeRuneInString(h.Reason[at:])
		return fault.New(fault.Invalid,
			"reason: %q must be letters, digits, spaces and _.:/=+-@, and has %q", h.Reason, bad)
	}
	if !h.Until.IsZero() && !h.Until.After(now) {
		return fault.New(fault.Invalid, "until: %s must be later than now, which is %s",
			h.Until.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// notInTags reports whether a character may not stand in a tag (R-VAL-32).
func notInTags(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r)
}

// SeenWithoutHold reports whether the device of an execution has it in its list, or could think so,
// apart from a hold of the thing. While a pass goes on that notifies devices of what the job hides,
// a device may not know of it yet, and nothing else will say so to a thing that is held.
func (s State) SeenWithoutHold(x Execution) bool {
	x.Held = false
	return !s.Hidden(x) || s.hides() && s.NotifyCursor != nil
}

// NoticeOfHold is the notice of a thing that is held from now on, or from now on not any more. head
// is the first pending execution that its device sees without the hold, queued the first of them
// that is QUEUED; nil when there is none.
//
// With A IN_PROGRESS and B QUEUED the list changes, and its head, A, does not. With B alone, B is
// the head that is lost or comes back.
func NoticeOfHold(head, queued *Execution) Notice {
	if queued == nil {
		return Notice{}
	}
	return Notice{Notify: true, NotifyNext: head.ExecutionKey == queued.ExecutionKey}
}
