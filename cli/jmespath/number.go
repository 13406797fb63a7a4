package jmespath

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/drover-iot/drover/cli/value"
)

// Arithmetic as the reference does it: integers are exact and of any size, everything else is a
// double, and a double is shown with a point.

// errInfinite is the error of a result that no JSON number is.
var errInfinite = errors.New("the result is no finite number")

// double is a computed number as it is shown.
func double(f float64) (value.Value, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, errInfinite
	}
	return value.Double(f), nil
}

// whole is an integer of any size; ok is false for a double.
func whole(n json.Number) (i *big.Int, ok bool) {
	if !isWhole(n) {
		return nil, false
	}
	return new(big.Int).SetString(n.String(), 10)
}

// absolute is a number without its sign.
func absolute(n json.Number) value.Value {
	return json.Number(strings.TrimPrefix(n.String(), "-"))
}

// rounded is an integer near a number: round is math.Floor or math.Ceil.
func rounded(n json.Number, round func(float64) float64) (value.Value, error) {
	if isWhole(n) {
		return n, nil
	}
	f, err := n.Float64()
	if err != nil {
		return nil, errInfinite
	}
	i, _ := big.NewFloat(round(f)).Int(nil)
	return json.Number(i.String()), nil
}

// sum adds numbers from the left: as integers until the first double, and from there on as doubles.
// So 9007199254740993 and 1 give 9007199254740994; with 1.0 instead it is the double nearest to
// that.
func sum(list value.List) (value.Value, error) {
	total, f := new(big.Int), 0.0
	exact := true
	for _, item := range list {
		n, _ := item.(json.Number)
		i, isInteger := whole(n)
		switch {
		case isInteger && exact:
			total.Add(total, i)
			continue
		case exact:
			f, exact = toFloat(total), false
		}
		f += toFloat64(n)
	}
	if exact {
		return json.Number(total.String()), nil
	}
	return double(f)
}

// toFloat is the double nearest to an integer.
func toFloat(i *big.Int) float64 {
	f, _ := new(big.Float).SetInt(i).Float64()
	return f
}

// toFloat64 is the double nearest to a number.
func toFloat64(n json.Number) float64 {
	f, _ := exactly(n).Float64()
	return f
}

// average is the sum divided by the number of numbers, always a double: of 1 and 3 it is 2.0.
func average(list value.List) (value.Value, error) {
	total, err := sum(list)
	if err != nil {
		return nil, err
	}
	n, _ := total.(json.Number)
	if i, ok := whole(n); ok {
		f, _ := new(big.Rat).SetFrac(i, big.NewInt(int64(len(list)))).Float64()
		return double(f)
	}
	return double(toFloat64(n) / float64(len(list)))
}

// numeric matches the texts that to_number reads: blanks may be around, and single underscores
// between digits. It is compiled when it is used, because few calls do.
var numeric = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[+-]?(\d+(_\d+)*)?(\.(\d+(_\d+)*)?)?([eE][+-]?\d+(_\d+)*)?$`)
})

// parseNumber reads the number in a text; nil when there is none.
func parseNumber(text string) value.Value {
	text = strings.TrimSpace(text)
	if !numeric().MatchString(text) {
		return nil
	}
	text = strings.ReplaceAll(text, "_", "")
	if i, ok := new(big.Int).SetString(text, 10); ok {
		return json.Number(i.String())
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil
	}
	return value.Double(f)
}
