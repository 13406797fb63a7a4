// Package yaml reads and writes the values of the command line as YAML 1.2: read.go what
// --cli-input-yaml gives, write.go what --output yaml shows, and plain.go what a text without
// quotes is, which both must agree on.
//
// The syntax is that of go.yaml.in/yaml/v4. Which type a text has is decided here, because the
// library reads some words by the rules of YAML 1.1, and cannot hold a number of more than 64 bits
// (docs/adr/0013).
package yaml
