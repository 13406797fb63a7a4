//go:build !unix

package main

// keepFilesPrivate has nothing to do where no server runs.
func keepFilesPrivate() {}
