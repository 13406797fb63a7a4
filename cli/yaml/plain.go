package yaml

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"sync"

	"github.com/drover-iot/drover/cli/value"
)

// A text without quotes may be a number, a boolean, null or a date. The rules are those of YAML 1.2
// as the reference has them (R-CMD-50): yes, on and 12:30:45 are texts, 010 is ten, 0o10 is eight,
// and digits may have underscores between them.

// The forms of numbers and dates. They are compiled when a text that may be one is met.
var (
	wholeForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(
			`^[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)$`)
	})
	decimalForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(
			`^([-+]?)([0-9][0-9_]*)?(\.[0-9_]*)?([eE][-+]?[0-9]+)?$`)
	})
	dateForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$|` +
			`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?` +
			`([ \t]*(Z|[-+][0-9]{1,2}(:?[0-9]{2})?))?$`)
	})
)

// plain is the value of a text without quotes. The error is for a number that JSON does not have.
func plain(text string) (value.Value, error) {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return nil, nil
	case "true", "True", "TRUE":
		return true, nil
	case "false", "False", "FALSE":
		return false, nil
	}
	if strings.IndexByte("+-.0123456789", text[0]) < 0 {
		return text, nil
	}
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case ".inf", ".nan":
		return nil, fmt.Errorf("%s is a number that JSON does not have", text)
	}
	if n, ok := whole(text); ok {
		return n, nil
	}
	if n, ok := decimal(text); ok {
		return n, nil
	}
	if dateForm().MatchString(text) {
		return value.Date(text), nil
	}
	return text, nil
}

// whole reads a whole number of any size, in base 10, 2, 8 or 16: 0x1F is 31.
func whole(text string) (json.Number, bool) {
	if !wholeForm().MatchString(text) {
		return "", false
	}
	sign, digits := cutSign(strings.ReplaceAll(text, "_", ""))
	if len(digits) > 1 && strings.IndexByte("box", digits[1]) >= 0 {
		base := map[byte]int{'b': 2, 'o': 8, 'x': 16}[digits[1]]
		n, ok := new(big.Int).SetString(digits[2:], base)
		if !ok { // underscores only
			return "", false
		}
		return json.Number(sign + n.String()), true
	}
	return json.Number(sign + withoutZeros(digits)), true
}

// decimal reads a number with a point or an exponent. JSON wants a digit on both sides of the
// point: .5 is 0.5 and 5. is 5.0. Otherwise it stays as it is written.
func decimal(text string) (json.Number, bool) {
	m := decimalForm().FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	integer, fraction := strings.ReplaceAll(m[2], "_", ""), strings.ReplaceAll(m[3], "_", "")
	// A point alone is none, and neither is an exponent alone. An exponent needs digits before it.
	if len(integer)+len(fraction) < 2 && m[4] == "" || integer == "" && len(fraction) < 2 {
		return "", false
	}
	if fraction == "." {
		fraction = ".0"
	}
	sign, _ := cutSign(m[1])
	return json.Number(sign + withoutZeros(integer) + fraction + m[4]), true
}

// cutSign cuts the sign off a number: "-" for a minus, "" for a plus or none.
func cutSign(text string) (sign, digits string) {
	if rest, minus := strings.CutPrefix(text, "-"); minus {
		return "-", rest
	}
	return "", strings.TrimPrefix(text, "+")
}

// withoutZeros removes leading zeros, but for a single one.
func withoutZeros(digits string) string {
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		return "0"
	}
	return digits
}
