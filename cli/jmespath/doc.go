// Package jmespath runs the --query of the command line: a JMESPath expression over an answer
// (docs/spec/40, section 15).
//
// It reads and evaluates an expression as jmespath.py does, which is what the reference command
// line runs: with its order of keys, its numbers and its leniencies. No Go library has ordered
// objects; docs/adr/0003 says why there is one of our own, and testdata/queries.txt what the
// reference answers to some hundred expressions.
//
// Start reading at query.go. An expression passes lexer.go, parser.go and evaluate.go; functions.go
// lists the functions.
package jmespath
