package relational

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/drover-iot/drover/store"
)

// Events that wait for sinks are packed: they are written a second time beside the announcement that
// has them, and events of one commit are much alike. A commit of a thousand reports has half a
// megabyte of them in JSON, and some tens of kilobytes packed. The form is DEFLATE of, for each event,
// its topic and its payload, each behind its length as a varint.

var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic(err) // of a level that there is not
	}
	return w
}}

func packEvents(events []store.Event) ([]byte, error) {
	var packed bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&packed)
	var length [binary.MaxVarintLen64]byte
	for _, e := range events {
		for _, part := range [][]byte{[]byte(e.Topic), e.Payload} {
			n := binary.PutUvarint(length[:], uint64(len(part)))
			if _, err := w.Write(length[:n]); err != nil {
				return nil, err
			}
			if _, err := w.Write(part); err != nil {
				return nil, err
			}
		}
	}
	err := w.Close()
	return packed.Bytes(), err
}

var errEvents = errors.New("events that wait for sinks are damaged")

func unpackEvents(packed []byte) (events []store.Event, err error) {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, errors.Join(errEvents, err)
	}
	part := func() (part []byte) {
		length, n := binary.Uvarint(text)
		if n <= 0 || length > uint64(len(text)-n) {
			err = errEvents
			return nil
		}
		part, text = text[n:n+int(length)], text[n+int(length):]
		return part
	}
	for len(text) > 0 && err == nil {
		topic := part()
		payload := part()
		events = append(events, store.Event{Topic: string(topic), Payload: payload})
	}
	return events, err
}
