// Package yaml reads and writes the values of the command line as YAML 1.2: read.go what
// --cli-input-yaml gives, write.go what --output yaml shows, and plain.go what a text without quotes
// is, which both must agree on.
//
// The syntax is that of go.yaml.in/yaml/v4. Which type a text has is decided here, because the
// library keeps some of YAML 1.1 and has no number of any size (docs/adr/0013).
package yaml
