package control

import (
	"time"

	"github.com/drover-iot/drover/schema"
)

// optional is a pointer to a value, nil for the zero one, as answers want it (R-WIRE-13).
func optional[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// value is what a pointer points to, the zero value for nil.
func value[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}

// text turns an optional named string of the API into a plain one.
func text[T ~string](pointer *T) *string {
	if pointer == nil {
		return nil
	}
	s := string(*pointer)
	return &s
}

// at is a time of an answer; absent when zero.
func at(t time.Time) *schema.Timestamp {
	if t.IsZero() {
		return nil
	}
	return new(schema.At(t))
}
