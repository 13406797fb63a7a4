//go:build !linux && !darwin

package disk

// Free is how many bytes of the disk with a folder this process may still write, and how large that
// disk is; ok is false where that is not known.
func Free(string) (free, size uint64, ok bool) { return 0, 0, false }
