package relational

import (
	"encoding/binary"
	"errors"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

const insertAnnouncement = `INSERT INTO announcement (id, notices, events, nodes)
	VALUES (?, ?, ?, ?)`

func (t *Tx) addAnnouncement(a store.Announcement) error {
	return t.stmt(insertAnnouncement).int(a.ID).blob(packNotices(a.Notices)).
		maybeJSON(a.Events, len(a.Events) > 0).maybeJSON(a.Nodes, !a.Nodes.Empty()).change()
}

const (
	// octet_length reads no more of a row than its header.
	sizeAnnouncements = `SELECT id, coalesce(octet_length(events), 0) FROM announcement
		WHERE id > ? ORDER BY id LIMIT ?`

	listAnnouncements = `SELECT id, notices, events, nodes FROM announcement
		WHERE id > ? AND id <= ? ORDER BY id`
)

// Announcements looks at the sizes of a page first, so that large ones are not all read.
func (r reader) Announcements(after int64, limit int) ([]store.Announcement, error) {
	last, err := pageBySize(r.stmt(sizeAnnouncements).int(after).limit(limit), after)
	if err != nil || last == after {
		return nil, err
	}
	return all(r.stmt(listAnnouncements).int(after).int(last), scanAnnouncement)
}

// pageBySize is the last id of a page, from a list of ids and sizes; after when there is none.
func pageBySize(list stmt, after int64) (last int64, err error) {
	type sized struct{ id, bytes int64 }
	sizes, err := all(list, func(s stmt) sized { return sized{s.getInt(), s.getInt()} })
	last, bytes := after, int64(0)
	for _, a := range sizes {
		if bytes >= encodedBytes {
			break
		}
		last, bytes = a.id, bytes+a.bytes
	}
	return last, err
}

// encodedBytes is store.AnnouncementBytes as they are stored: a payload in JSON is base64.
const encodedBytes = store.AnnouncementBytes / 3 * 4

func scanAnnouncement(s stmt) (a store.Announcement) {
	a.ID = s.getInt()
	notices, err := unpackNotices(s.getBlob())
	s.Fail(err)
	a.Notices = notices
	s.getJSON(&a.Events)
	s.getJSON(&a.Nodes)
	return a
}

// A notice is packed into a varint: the thing's key, and in the two lowest bits what to say. A
// commit of a large rollout has thousands of them, three or four bytes each. The bits are stored;
// never renumber them.
const noticeList, noticeNext = 1, 2

func packNotices(notices []store.Notice) []byte {
	packed := make([]byte, 0, 4*len(notices))
	for _, n := range notices {
		v := uint64(n.Thing) << 2
		if n.Notify {
			v |= noticeList
		}
		if n.NotifyNext {
			v |= noticeNext
		}
		packed = binary.AppendUvarint(packed, v)
	}
	return packed
}

var errNotices = errors.New("notices of an announcement are damaged")

func unpackNotices(packed []byte) (notices []store.Notice, err error) {
	for len(packed) > 0 {
		v, n := binary.Uvarint(packed)
		if n <= 0 {
			return nil, errNotices
		}
		packed = packed[n:]
		notices = append(notices, store.Notice{
			Thing:      registry.ThingID(v >> 2),
			Notify:     v&noticeList != 0,
			NotifyNext: v&noticeNext != 0,
		})
	}
	return notices, nil
}
