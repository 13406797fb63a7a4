// Package archtest has no code, only tests about the code of the other packages: that they import
// each other as the table in ARCHITECTURE.md says, that what decides is pure, and that nothing
// reads a clock that should be given the time.
package archtest
