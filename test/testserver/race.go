//go:build race

package testserver

// buildFlags build a server that looks for races too, and fails at its end when it has seen one.
var buildFlags = []string{"-race"}
