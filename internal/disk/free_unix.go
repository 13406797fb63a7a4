//go:build linux || darwin

package disk

import "golang.org/x/sys/unix"

// Free is how many bytes of the disk with a folder this process may still write, and how large that
// disk is. ok is false when the system does not say.
func Free(folder string) (free, size uint64, ok bool) {
	var found unix.Statfs_t
	if err := unix.Statfs(folder, &found); err != nil || found.Bsize <= 0 {
		return 0, 0, false
	}
	block := uint64(found.Bsize)
	return found.Bavail * block, found.Blocks * block, true
}
