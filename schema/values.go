package schema

import (
	"math/big"
	"strconv"
	"strings"
	"time"
)

// A Timestamp is a time on the wire. The value is milliseconds since 1970 UTC; written, it is epoch
// seconds with up to three decimals (R-WIRE-12).
type Timestamp int64

// At returns the timestamp of t, cut to the millisecond.
func At(t time.Time) Timestamp { return Timestamp(t.UnixMilli()) }

// Time returns the time in UTC.
func (t Timestamp) Time() time.Time { return time.UnixMilli(int64(t)).UTC() }

// append writes the epoch seconds without trailing zeros: 1700000000500 is 1700000000.5.
func (t Timestamp) append(dst []byte) []byte {
	ms := int64(t)
	if ms < 0 {
		dst, ms = append(dst, '-'), -ms
	}
	dst = strconv.AppendInt(dst, ms/1000, 10)
	if frac := ms % 1000; frac != 0 {
		digits := strconv.AppendInt(nil, 1000+frac, 10)
		dst = append(dst, '.')
		dst = append(dst, strings.TrimRight(string(digits[1:]), "0")...)
	}
	return dst
}

// RawJSON is a JSON value as it was written. Encoding inserts it unchanged, so it must be valid
// JSON.
type RawJSON []byte

// A Decimal is a JSON number as its text, so that what was stored is what is shown (R-WIRE-15).
type Decimal string

// Float returns the nearest float64.
func (d Decimal) Float() float64 {
	f, _ := strconv.ParseFloat(string(d), 64)
	return f
}

// maxExponent bounds the arithmetic on a number's text. Larger exponents are out of every range
// of the API.
const maxExponent = 64

// exact reads a JSON number's text as a fraction and counts its decimals, without trailing zeros:
// 1.50 has one, 15e-1 too. ok is false for numbers too large or too fine to matter.
func exact(text string) (value *big.Rat, places int, ok bool) {
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		n, err := strconv.Atoi(text[i+1:])
		if err != nil || n > maxExponent || n < -maxExponent {
			return nil, 0, false
		}
		mantissa, exponent = text[:i], n
	}
	if len(mantissa) > maxExponent {
		mantissa = strings.TrimRight(mantissa, "0")
		if len(mantissa) > maxExponent || !strings.Contains(mantissa, ".") {
			return nil, 0, false
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	fraction = strings.TrimRight(fraction, "0")
	places = len(fraction) - exponent
	if fraction == "" {
		places = -exponent - (len(whole) - len(strings.TrimRight(whole, "0")))
	}
	value, ok = new(big.Rat).SetString(mantissa + "e" + strconv.Itoa(exponent))
	return value, max(places, 0), ok
}

// rat reads a bound of a constraint. A bad one is a programming error.
func rat(text string) *big.Rat {
	value, _, ok := exact(text)
	if !ok {
		panic("schema: bad bound " + text)
	}
	return value
}
