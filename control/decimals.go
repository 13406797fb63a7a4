package control

import (
	"math/big"
	"strings"
)

// Decimals. The API has two members that are JSON numbers with decimals: the increment factor of a
// rollout, with one place, and the threshold of an abort criterion, with two. The rules compute
// with whole numbers of tenths and hundredths, so that no sum depends on how a fraction is rounded
// in binary. Both conversions here are exact.

// scaled reads a decimal as a whole number of its 10^-places: 10.99 with two places is 1099. The
// description of the API has checked the text: it is a JSON number that has at most that many
// places, so nothing is lost, and that is in the range of its member. A text that is none of this
// is 0.
func scaled(decimal string, places int) int64 {
	value, ok := new(big.Rat).SetString(decimal)
	if !ok {
		return 0
	}
	value.Mul(value, new(big.Rat).SetInt(powerOfTen(places)))
	return new(big.Int).Quo(value.Num(), value.Denom()).Int64()
}

// unscaled writes a whole number of 10^-places as a decimal without trailing zeros: 1500 with two
// places is 15, and 5 is 0.05.
func unscaled(n int64, places int) string {
	text := new(big.Rat).SetFrac(big.NewInt(n), powerOfTen(places)).FloatString(places)
	if places == 0 {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// powerOfTen is 10^n.
func powerOfTen(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
