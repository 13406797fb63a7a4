package value

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ParseJSON reads one JSON value strictly; of repeated keys the last wins (R-CMD-38). The error
// says in which line and column it is.
func ParseJSON(text string) (Value, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	v, err := readValue(decoder)
	if err == nil {
		if _, err = decoder.Token(); err == nil {
			err = errors.New("more than one value")
		} else if errors.Is(err, io.EOF) {
			return v, nil
		}
	}
	line, column := place(text, int(decoder.InputOffset()))
	return nil, fmt.Errorf("%w: line %d column %d", err, line, column)
}

// place returns the line and column, from 1, of an offset.
func place(text string, offset int) (line, column int) {
	before := text[:min(offset, len(text))]
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndex(before, "\n")
}

// readValue reads the next value: a token is one, or the opening bracket of one.
func readValue(d *json.Decoder) (Value, error) {
	token, err := d.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("no value")
		}
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return readObject(d)
	case json.Delim('['):
		return readList(d)
	}
	return token, nil
}

// readList reads the elements of a list whose opening bracket has been read.
func readList(d *json.Decoder) (Value, error) {
	items := List{}
	for d.More() {
		item, err := readValue(d)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := d.Token()
	return items, err
}

// readObject reads the fields of an object whose opening bracket has been read.
func readObject(d *json.Decoder) (Value, error) {
	o := &Object{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := readValue(d)
		if err != nil {
			return nil, err
		}
		o.Set(key.(string), v) // the decoder has checked that keys are strings
	}
	_, err := d.Token()
	return o, err
}
