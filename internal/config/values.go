package config

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Text is a value that is a text of any kind.
func Text(p *string) Value { return text{p} }

type text struct{ p *string }

func (v text) String() string         { return *v.p }
func (v text) Set(value string) error { *v.p = value; return nil }
func (v text) Check() error           { return nil }

// Choice is a value that is one of some words.
func Choice(p *string, words ...string) Value { return choice{p, words} }

type choice struct {
	p     *string
	words []string
}

func (v choice) String() string         { return *v.p }
func (v choice) Set(value string) error { *v.p = value; return nil }
func (v choice) Range() string          { return alternatives(v.words) }

func (v choice) Check() error {
	if slices.Contains(v.words, *v.p) {
		return nil
	}
	return errors.New("must be " + alternatives(v.words))
}

// alternatives joins words as a sentence does: a, b or c.
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Switch is a value that is true or false.
func Switch(p *bool) Value { return switched{p} }

type switched struct{ p *bool }

func (v switched) String() string { return strconv.FormatBool(*v.p) }
func (v switched) Check() error   { return nil }
func (v switched) Range() string  { return "true or false" }

func (v switched) Set(value string) error {
	is, err := strconv.ParseBool(value)
	if err != nil {
		return errors.New("must be true or false")
	}
	*v.p = is
	return nil
}

// Words is a value that is one of two words, which stand for false and true.
func Words(p *bool, no, yes string) Value { return words{p, no, yes} }

type words struct {
	p       *bool
	no, yes string
}

func (v words) Check() error  { return nil }
func (v words) Range() string { return alternatives([]string{v.no, v.yes}) }

func (v words) String() string {
	if *v.p {
		return v.yes
	}
	return v.no
}

func (v words) Set(value string) error {
	if value != v.no && value != v.yes {
		return errors.New("must be " + v.Range())
	}
	*v.p = value == v.yes
	return nil
}

// Bounds are the least and the greatest number of a setting. A greatest of 0 is none. Zero says
// what the number 0 stands for; when it is not empty, 0 is good although Least is more.
type Bounds struct {
	Least, Most float64
	Zero        string
}

// text says which numbers are good: "8 or more; 0: as many as there is room for".
func (b Bounds) text(shown func(float64) string) string {
	said := shown(b.Least) + " or more"
	if b.Most > 0 {
		said = shown(b.Least) + " to " + shown(b.Most)
	}
	if b.Zero != "" {
		said += "; 0: " + b.Zero
	}
	return said
}

// has reports whether a number is good. Infinity and what is no number are not.
func (b Bounds) has(n float64) bool {
	if n == 0 && b.Zero != "" {
		return true
	}
	return n >= b.Least && !math.IsInf(n, 0) && (b.Most == 0 || n <= b.Most)
}

// plain writes a number without an exponent.
func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// duration writes seconds as a duration.
func duration(seconds float64) string {
	return shortest(time.Duration(seconds * float64(time.Second)))
}

// shortest writes a duration without parts that are 0: 2h for 2h0m0s.
func shortest(d time.Duration) string {
	text := d.String()
	for _, end := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, end) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// Whole is a value that is a whole number. One that may be larger than 2 GiB is an int64: an int has 32
// bits on some devices.
func Whole[N int | int64](p *N, b Bounds) Value { return whole[N]{p, b} }

type whole[N int | int64] struct {
	p *N
	b Bounds
}

func (v whole[N]) String() string { return strconv.FormatInt(int64(*v.p), 10) }
func (v whole[N]) Range() string  { return v.b.text(plain) }

func (v whole[N]) Set(value string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || int64(N(n)) != n {
		return fmt.Errorf("must be a whole number, %s", v.Range())
	}
	*v.p = N(n)
	return nil
}

func (v whole[N]) Check() error {
	if !v.b.has(float64(*v.p)) {
		return fmt.Errorf("must be a whole number, %s", v.Range())
	}
	return nil
}

// Decimal is a value that is a number.
func Decimal(p *float64, b Bounds) Value { return decimal{p, b} }

type decimal struct {
	p *float64
	b Bounds
}

func (v decimal) String() string { return plain(*v.p) }
func (v decimal) Range() string  { return v.b.text(plain) }

func (v decimal) Set(value string) error {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return fmt.Errorf("must be a number, %s", v.Range())
	}
	*v.p = n
	return nil
}

func (v decimal) Check() error {
	if !v.b.has(*v.p) {
		return fmt.Errorf("must be a number, %s", v.Range())
	}
	return nil
}

// Duration is a value that is a time span like 36h or 1m30s. Its bounds are in seconds.
func Duration(p *time.Duration, b Bounds) Value { return span{p, b} }

type span struct {
	p *time.Duration
	b Bounds
}

func (v span) String() string { return shortest(*v.p) }
func (v span) Range() string  { return v.b.text(duration) }

func (v span) Set(value string) error {
	d, err := time.ParseDuration(value)
	if err != nil {
		return fmt.Errorf("must be a duration like 36h or 1m30s, %s", v.Range())
	}
	*v.p = d
	return nil
}

func (v span) Check() error {
	if !v.b.has(v.p.Seconds()) {
		return fmt.Errorf("must be a duration like 36h or 1m30s, %s", v.Range())
	}
	return nil
}

// Parsed is a value that a function reads and another one writes.
func Parsed(get func() string, set func(string) error) Value { return parsed{get, set} }

type parsed struct {
	get func() string
	set func(string) error
}

func (v parsed) String() string         { return v.get() }
func (v parsed) Set(value string) error { return v.set(value) }
func (v parsed) Check() error           { return nil }
