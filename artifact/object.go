package artifact

import (
	"context"
	"errors"
	"io"
	"os"
	"sort"
)

// Object is an object that is read: an io.ReadSeeker over its pieces, of which one file at a time
// is open. It stays as it was when it was opened, also when the object is replaced or deleted. It
// is for one goroutine.
type Object struct {
	Info
	store   *Store
	content *content
	at      int64    // where the next read begins
	file    *os.File // nil: none is open
	piece   int      // the piece that file is of
	fileAt  int64    // where file stands, in the object
}

// Open opens an object for reading. The error is ErrNotFound when there is none.
func (s *Store) Open(ctx context.Context, key string) (*Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		info, id, err := find(ctx, s.index, key)
		if err != nil {
			return nil, err
		}
		c := s.open[id]
		if c == nil {
			c = &content{id: id}
			if c.pieces, err = pieces(ctx, s.index, id); err != nil {
				return nil, err
			}
			if len(c.pieces) == 0 { // the object was replaced between the two queries
				continue
			}
			s.open[id] = c
		}
		c.readers++
		return &Object{Info: info, store: s, content: c}, nil
	}
}

// Close ends the reading. The last reader of an object that is gone removes its files.
func (o *Object) Close() {
	if o.file != nil {
		o.file.Close()
		o.file = nil
	}
	s, c := o.store, o.content
	s.mu.Lock()
	c.readers--
	last := c.readers == 0
	if last {
		delete(s.open, c.id)
	}
	s.mu.Unlock()
	if last && c.removed {
		s.removePieces(c.pieces)
	}
}

// Seek implements io.Seeker.
func (o *Object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.Size
	}
	if offset < 0 {
		return 0, errors.New("seek before the begin of an object")
	}
	o.at = offset
	return offset, nil
}

// Read implements io.Reader.
func (o *Object) Read(p []byte) (int, error) {
	file, left, err := o.Piece()
	if err != nil {
		return 0, err
	}
	n, err := file.Read(p[:min(int64(len(p)), left)])
	o.Advance(int64(n))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // the file is shorter than its row says
	}
	return n, err
}

// Piece returns the file of the place where the object stands, sought to it, and how many bytes of
// the object follow in this file: at least one. Who reads of the file calls Advance. So the kernel
// can send a file without its bytes coming by here. The error is io.EOF at the end of the object.
func (o *Object) Piece() (file *os.File, left int64, err error) {
	if o.at >= o.Size {
		return nil, 0, io.EOF
	}
	all := o.content.pieces
	i := sort.Search(len(all), func(i int) bool { return all[i].start > o.at }) - 1
	if o.file == nil || i != o.piece {
		if err := o.openPiece(i); err != nil {
			return nil, 0, err
		}
	}
	if o.fileAt != o.at {
		if _, err := o.file.Seek(o.at-all[i].start, io.SeekStart); err != nil {
			return nil, 0, err
		}
		o.fileAt = o.at
	}
	return o.file, all[i].start + all[i].size - o.at, nil
}

// openPiece opens the file of a piece in place of the one that is open.
func (o *Object) openPiece(i int) error {
	if o.file != nil {
		o.file.Close()
		o.file = nil
	}
	file, err := os.Open(o.store.path(o.content.pieces[i].file))
	if err != nil {
		return err
	}
	o.file, o.piece, o.fileAt = file, i, o.content.pieces[i].start
	return nil
}

// Advance says that n bytes were read of the file that Piece returned.
func (o *Object) Advance(n int64) {
	o.at += n
	o.fileAt += n
}
