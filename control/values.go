package control

import (
	"time"

	"github.com/drover-iot/drover/schema"
)

// Values of the API are optional in three ways: a pointer that is nil, a value that is zero, a
// list that is nil. The rules know the zero value only. These functions go from one to the other.

// optional is a pointer to a value, nil for the zero value: a member of an answer that has
// nothing to show is left out (R-WIRE-13).
func optional[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// value is what a pointer points to, the zero value for nil: a member of a request that was not
// sent is as one that says nothing.
func value[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}

// text turns an optional string type of the API into an optional string. It is for members of
// which absent says something of its own: an update leaves what is absent as it is, and a list
// has no filter by it.
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
