package sqlite

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// A log that was left behind by a crash is read by SQLite up to the first frame that is not whole:
// it takes that for the end. So a byte that has changed in the middle of the log would silently undo
// every commit behind it. Here such a log is told from one that a power cut has cut off.
//
// A commit is written only after the one before it is on stable storage. So at most the last commit
// of a log can be cut off, and what is damaged with another commit behind it was whole before. Of
// the last commit nobody can say which it is: it is lost when it is damaged (R-BAK-2).

// The log begins with a header and has frames: a header, and a page. https://sqlite.org/walformat.html
const (
	logHeader   = 32
	frameHeader = 24
)

// logReader reads the frames of a log, one after the other.
type logReader struct {
	from   *bufio.Reader
	order  binary.ByteOrder // of the words that are summed
	s1, s2 uint32           // the checksum of all that was read
	salts  [8]byte          // of the frames that belong to the log as its header is
	page   uint32           // bytes of a page
	frame  []byte           // as it was read last
}

// inspectLog refuses a log that is damaged before its last commit. One that is missing or empty is
// fine.
func inspectLog(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() <= logHeader {
		return err
	}
	l := &logReader{from: bufio.NewReaderSize(file, 1<<20)}
	whole, err := l.readHeader()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if !whole {
		return logDamage(path, "its header is not whole")
	}
	at, err := l.firstLost()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if at > 0 {
		return logDamage(path, fmt.Sprintf("frame %d is not whole, and commits stand behind it", at))
	}
	return nil
}

func logDamage(path, what string) error {
	return fmt.Errorf("%s is damaged: %s, which would be lost; look at the disk, and restore a backup, "+
		"or move this file away to go on with the state before it", path, what)
}

// readHeader reads the header of the log. It is written and synced before any frame.
func (l *logReader) readHeader() (whole bool, err error) {
	var header [logHeader]byte
	if _, err := io.ReadFull(l.from, header[:]); err != nil {
		return false, err
	}
	const magic = 0x377f0682 // and one more where words are summed with the highest byte first
	switch binary.BigEndian.Uint32(header[:]) {
	case magic:
		l.order = binary.LittleEndian
	case magic + 1:
		l.order = binary.BigEndian
	default:
		return false, nil
	}
	l.page = binary.BigEndian.Uint32(header[8:])
	l.salts = [8]byte(header[16:24])
	l.s1, l.s2 = addChecksum(l.order, 0, 0, header[:24])
	whole = l.s1 == binary.BigEndian.Uint32(header[24:]) &&
		l.s2 == binary.BigEndian.Uint32(header[28:]) && l.page >= 512 && l.page <= 65536
	if whole {
		l.frame = make([]byte, frameHeader+l.page)
	}
	return whole, nil
}

// firstLost is the number of the first frame, from 1, that is not whole and has a commit behind its
// own; 0 for none.
//
// What a failed commit has left behind the last one looks alike: frames that do not follow, and among
// them some with the mark of a commit. But the frame behind such a mark does not follow that one,
// unless it was written after it.
func (l *logReader) firstLost() (at int, err error) {
	for number := 1; ; number++ {
		if more, err := l.next(); !more || err != nil {
			return 0, err
		}
		if l.wholeFrame() {
			continue
		}
		lost, err := l.followed()
		if !lost {
			number = 0
		}
		return number, err
	}
}

// next reads the next frame. There is none when the log ends, or ends within a frame.
func (l *logReader) next() (more bool, err error) {
	_, err = io.ReadFull(l.from, l.frame)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return err == nil, err
}

// followed reports whether the commit of the frame that was read last, which is not whole, has
// another frame behind it. What has changed may be the checksum itself, so the one that the frame has
// and the one that it should have are tried.
func (l *logReader) followed() (bool, error) {
	computed := *l
	for isCommit := l.isCommit(); !isCommit; isCommit = l.isOurs() && l.isCommit() {
		if more, err := l.next(); !more || err != nil {
			return false, err
		}
	}
	l.s1, l.s2 = binary.BigEndian.Uint32(l.frame[16:]), binary.BigEndian.Uint32(l.frame[20:])
	if more, err := l.next(); !more || err != nil {
		return false, err
	}
	computed.frame = l.frame
	return l.wholeFrame() || computed.wholeFrame(), nil
}

// isOurs reports whether a frame belongs to the log as its header is. Behind the end there may be
// frames from before the log was begun anew.
func (l *logReader) isOurs() bool { return [8]byte(l.frame[8:16]) == l.salts }

// isCommit reports whether a frame is the last of a commit: only then it has the size of the database.
func (l *logReader) isCommit() bool { return binary.BigEndian.Uint32(l.frame[4:]) != 0 }

// wholeFrame compares the checksum of a frame, which is one of all frames up to it.
func (l *logReader) wholeFrame() bool {
	l.s1, l.s2 = addChecksum(l.order, l.s1, l.s2, l.frame[:8])
	l.s1, l.s2 = addChecksum(l.order, l.s1, l.s2, l.frame[frameHeader:])
	return l.isOurs() && binary.BigEndian.Uint32(l.frame) != 0 &&
		l.s1 == binary.BigEndian.Uint32(l.frame[16:]) && l.s2 == binary.BigEndian.Uint32(l.frame[20:])
}
