package value

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// Integer reads sign and digits with blanks around, of any size (R-CMD-21, R-CMD-23).
func Integer(text string) (json.Number, bool) {
	n, ok := new(big.Int).SetString(strings.TrimSpace(text), 10)
	if !ok || strings.Contains(text, "_") {
		return "", false
	}
	return json.Number(n.String()), true
}

// Decimal reads a decimal, with or without exponent. A whole one gets a point: 5 is read as 5.0
// (R-CMD-33).
func Decimal(text string) (json.Number, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || strings.ContainsAny(text, "xXpP_nNiI") { // hexadecimal, NaN and Inf are none
		return "", false
	}
	return Double(f), true
}

// Double writes a double: the shortest text that reads back equal, with .0 when whole, and with an
// exponent below 1e-4 or from 1e16 (R-CMD-66, R-CMD-70).
func Double(f float64) json.Number {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if abs := max(f, -f); abs == 0 || abs >= 1e-4 && abs < 1e16 {
		text = strconv.FormatFloat(f, 'f', -1, 64)
	}
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return json.Number(text)
}

// Shortest returns a value in which numbers with a point or an exponent are written as doubles are:
// 12.50 as 12.5 (R-CMD-66).
func Shortest(v Value) Value {
	switch v := v.(type) {
	case *Object:
		out := &Object{Fields: make([]Field, len(v.Fields))}
		for i, f := range v.Fields {
			out.Fields[i] = Field{f.Key, Shortest(f.Value)}
		}
		return out
	case List:
		out := make(List, len(v))
		for i := range v {
			out[i] = Shortest(v[i])
		}
		return out
	case json.Number:
		if f, err := v.Float64(); err == nil && isFraction(v) {
			return Double(f)
		}
	}
	return v
}

// isFraction reports whether a number is written with a point or an exponent.
func isFraction(n json.Number) bool { return strings.ContainsAny(n.String(), ".eE") }
