//go:build !race

package testserver

var buildFlags []string

// Race says whether the servers look for races, which takes several times their memory.
const Race = false
