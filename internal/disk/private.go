package disk

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReadPrivate reads a file that holds a secret. It refuses one that other users could have read or
// written, because then it may be no secret, or not the file that this user wrote: the file must
// belong to this user and be open to nobody else, or belong to root and be open to its group for
// reading at most, as a file that a container gets from outside often is. What is refused is an
// error that says how to mend it. Windows has other permissions, which are not looked at.
func ReadPrivate(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat() // of the file that is read, not of what has the name by now
	if err != nil {
		return nil, err
	}
	if owner, known := ownerOf(info); known {
		if err := checkPrivate(owner, os.Geteuid(), info.Mode()); err != nil {
			return nil, fmt.Errorf("%s %w", path, err)
		}
	}
	return io.ReadAll(file)
}

// checkPrivate decides whether a file with this owner and mode is private to a user. The errors go
// on behind the path of the file.
func checkPrivate(owner, user int, mode fs.FileMode) error {
	const others, notRead = 0o077, 0o027
	switch {
	case owner == user && mode&others == 0,
		owner == 0 && user != 0 && mode&notRead == 0:
		return nil
	case owner != user && owner != 0:
		return fmt.Errorf("belongs to user %d and not to you, so it is not used", owner)
	}
	return fmt.Errorf("is open to other users (mode %04o), so it is not used; make it private "+
		"with chmod 600, and replace the keys in it if others could read them", mode.Perm())
}
