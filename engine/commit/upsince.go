package commit

import (
	"errors"
	"strconv"
	"time"

	"github.com/drover-iot/drover/store"
)

// Since when the server has been there without a break is stored, for what must not be held against
// a device: that it was not heard of while nobody listened (R-STR-42). With several nodes on the
// store that is as long as one of them was there.

// upSince is the setting: milliseconds.
const upSince = "up-since"

// nodeBreak is how long no node may have given a sign of life before that is a break. Nodes give
// theirs every second, and are given up after some.
const nodeBreak = 15 * time.Second

// beginUpTime says that the server has been there since now, unless a node gave a sign of life a
// moment ago. A server that is alone gives none.
func (tx *Tx) beginUpTime(nodes []store.Node, shared bool) {
	if shared {
		for _, n := range nodes {
			if tx.StoreTime().Sub(n.Seen) < nodeBreak {
				return
			}
		}
	}
	tx.up = tx.Now
}

// upTimeSetting is what is stored when the server has been there since this commit.
func (tx *Tx) upTimeSetting() []store.Setting {
	if tx.up.IsZero() {
		return nil
	}
	now := strconv.FormatInt(tx.up.UnixMilli(), 10)
	return []store.Setting{{Name: upSince, Value: []byte(now)}}
}

// UpSince returns since when the server, or one node or another, has been there without a break;
// zero when that is not known.
func (tx *Tx) UpSince() (time.Time, error) {
	if !tx.up.IsZero() {
		return tx.up, nil
	}
	value, err := tx.Setting(upSince)
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	at, err := strconv.ParseInt(string(value), 10, 64)
	return time.UnixMilli(at).UTC(), err
}
