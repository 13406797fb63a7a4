package store

import "context"

// A store may read a few times at once only. Operators ask for lists that take milliseconds each,
// devices for a few rows, and many devices wait. So a store that bounds its reads leaves some of them
// to devices: what operators ask for says so in its context.

type operatorKey struct{}

// ForOperator marks what an operator asks for.
func ForOperator(ctx context.Context) context.Context {
	return context.WithValue(ctx, operatorKey{}, true)
}

// IsForOperator reports whether an operator asks, and not a device or the server itself.
func IsForOperator(ctx context.Context) bool { return ctx.Value(operatorKey{}) != nil }
