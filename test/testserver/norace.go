//go:build !race

package testserver

var buildFlags []string
