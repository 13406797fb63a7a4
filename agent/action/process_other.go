//go:build !unix

package action

import (
	"errors"
	"os"
	"os/exec"
)

var errNotHere = errors.New("actions run on Linux and macOS only")

func checkOwner(string, os.FileInfo) error { return errNotHere }

func prepare(*exec.Cmd, string) error { return errNotHere }

func endAll(p *os.Process) error { return p.Kill() }

func killAll(p *os.Process) { _ = p.Kill() }
