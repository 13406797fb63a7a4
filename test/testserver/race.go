//go:build race

package testserver

// buildFlags build a server that looks for races too, and fails at its end when it has seen one.
var buildFlags = []string{"-race"}

// Race says whether the servers look for races, which takes several times their memory.
const Race = true
