package artifact

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"syscall"

	"github.com/drover-iot/drover/internal/disk"
)

const (
	// buffer is how much of a body is in memory.
	buffer = 128 << 10
	// syncEvery is after how many bytes a file is synced while its body arrives. Otherwise the
	// client of a large one would wait for all of it at the end, perhaps longer than it does.
	syncEvery = 64 << 20
)

// received is a body in a file, on stable storage, that no row names yet.
type received struct {
	file string // its name
	size int64
	sum  []byte // SHA-256
}

// etag is the ETag of a part, or of an object that came in one body.
func (r received) etag() string { return hex.EncodeToString(r.sum) }

// receive writes a body into a new file. After an error there is none.
func (s *Store) receive(body io.Reader) (in received, err error) {
	in.file = rand.Text()
	file, err := os.OpenFile(s.path(in.file), os.O_WRONLY|os.O_CREATE|os.O_EXCL, private)
	if err != nil {
		return in, full(err)
	}
	sum := sha256.New()
	in.size, err = copyBody(file, sum, body)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = disk.SyncDir(s.objects)
	}
	if err != nil {
		s.removeFiles(in.file)
		return in, full(err)
	}
	in.sum = sum.Sum(nil)
	return in, nil
}

// copyBody copies a body to the end, and syncs what is written from time to time.
func copyBody(file *os.File, sum hash.Hash, body io.Reader) (size int64, err error) {
	to, space := io.MultiWriter(file, sum), make([]byte, buffer)
	for {
		n, err := io.CopyBuffer(to, io.LimitReader(body, syncEvery), space)
		size += n
		if err != nil || n < syncEvery {
			return size, err
		}
		if err := file.Sync(); err != nil {
			return size, err
		}
	}
}

// isDiskFull reports whether a disk, or what its user may have of it, is full.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
