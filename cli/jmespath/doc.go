// Package jmespath runs the --query of the command line: a JMESPath expression over an answer
// (docs/spec/40, section 15).
//
// The library that evaluates it computes with Go maps and float64, which have no order of keys
// and no text of numbers. Query.Apply gives both back as far as they can be known: docs/adr/0003
// says what is left.
package jmespath
