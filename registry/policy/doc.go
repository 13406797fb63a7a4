// Package policy is the language of AWS IoT policies: it compiles policy documents and decides what
// they allow (docs/spec/33, section 6). It covers actions and resources with wildcards, policy
// variables, and conditions.
//
// It is pure: it decides on a Request that holds all there is to know, and never looks anything up.
// Which policies are in effect for a connection is the caller's business. Start with evaluate.go;
// document.go reads the JSON, condition.go and context.go what conditions and variables ask for.
package policy
