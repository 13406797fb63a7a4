package job

// What is due on a server is done in bounded steps, and takes turns, so that no kind of it waits until
// another has come to its end (R-CON-29): a tick waits for one step of a sweep, not for the sweep.

// DueKind is a kind of due work that has turns of its own.
type DueKind uint8

// The kinds of due work.
const (
	DueTimers DueKind = iota // end executions whose deadline has passed
	DueTimed                 // a step of a job whose time has come: a tick, a window that opens
	DueAtOnce                // a step of a job that waits for processor time only: a sweep, a back-fill
)

// Turns is what the next turn depends on. Its zero value is before the first step.
type Turns struct {
	// TimersLeft says that the last step ended as many executions as a step may: there may be more.
	TimersLeft bool
	// Timed says that the last step of a job was one whose time had come.
	Timed bool
}

// Order returns the kinds of work in the order in which they are looked for: the first of which
// anything is due has its step. Timers come first, because devices may be waiting for the answers
// that depend on them; but when very many are overdue together, jobs have every second step. Of
// 5,000 timers in steps of 250 and one tick, the tick comes after 250 timers.
func (t Turns) Order() [3]DueKind {
	first, second := DueTimed, DueAtOnce
	if t.Timed {
		first, second = DueAtOnce, DueTimed
	}
	if t.TimersLeft {
		return [3]DueKind{first, second, DueTimers}
	}
	return [3]DueKind{DueTimers, first, second}
}

// NextTurn returns which of several due jobs has its step next: the one after the job that had the
// last step, by key, and the first again after the last. So a sweep over a million executions does
// not hold up the ticks of other jobs. Of 3, 7 and 9, after 7 comes 9, after 9 comes 3, and after
// 5, which is not due any more, comes 7. due must not be empty; last is 0 before the first step.
func NextTurn(due []Key, last Key) Key {
	first, after := due[0], Key(0)
	for _, key := range due {
		first = min(first, key)
		if key > last && (after == 0 || key < after) {
			after = key
		}
	}
	if after != 0 {
		return after
	}
	return first
}
