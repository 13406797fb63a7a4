//go:build unix

package action

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// checkOwner refuses a handler that belongs to neither root nor the user of the agent.
func checkOwner(path string, info os.FileInfo) error {
	owner, ok := info.Sys().(*syscall.Stat_t)
	if ok && owner.Uid != 0 && int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs neither to root nor to the user of the agent", path)
	}
	return nil
}

// prepare gives a process a group of its own and, where that is another one than the agent's, the
// user that runs it.
func prepare(c *exec.Cmd, name string) error {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if name == "" {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	switch {
	case err != nil:
		return err
	case int(uid) == os.Geteuid():
		return nil
	case os.Geteuid() != 0:
		return fmt.Errorf("only an agent of root runs actions as %s", name)
	}
	groups, err := groupsOf(u)
	if err != nil {
		return err
	}
	c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), Groups: groups}
	c.Env = append(c.Env, "HOME="+u.HomeDir, "USER="+name, "LOGNAME="+name)
	return nil
}

// groupsOf are the groups that a user is in.
func groupsOf(u *user.User) (groups []uint32, err error) {
	ids, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		n, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return nil, err
		}
		groups = append(groups, uint32(n))
	}
	return groups, nil
}

// endAll asks a process and all that it has started to end.
func endAll(p *os.Process) error { return signal(p, syscall.SIGTERM) }

// killAll kills a process and all that it has started.
func killAll(p *os.Process) { _ = signal(p, syscall.SIGKILL) }

func signal(p *os.Process, s syscall.Signal) error {
	err := syscall.Kill(-p.Pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
