package control

import (
	"time"

	"github.com/drover-iot/drover/schema"
)

// Members that are absent. On the wire a member may be missing, and its Go value is then a nil
// pointer, list or map. The rules know zero values only: the empty text, 0, false, the zero time.
// These functions convert between the two, where it makes no difference whether something is
// absent or zero; where it does, a pointer is passed on.

// optional is a pointer to a value, nil for the zero value: a member of an answer that has
// nothing to show is left out (R-WIRE-13).
func optional[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// value is what a pointer points to, the zero value for nil. It reads members of which absent and
// zero mean the same: a force that was not sent is no force.
func value[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}

// text turns an optional string type of the API into an optional string. It is for members of
// which absent and empty mean two things: an update leaves a description that is absent as it is.
func text[T ~string](pointer *T) *string {
	if pointer == nil {
		return nil
	}
	s := string(*pointer)
	return &s
}

// at is a time as answers show it, nil for the zero time: a job that has not ended has no
// completedAt.
func at(t time.Time) *schema.Timestamp {
	if t.IsZero() {
		return nil
	}
	return new(schema.At(t))
}
