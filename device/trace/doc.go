// Package trace puts into words what a client and the broker have sent each other, and why
// something was refused (R-BRK-47). It is pure. Start with Of.
package trace
