package clock

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ParseDuration reads a duration as time.ParseDuration does, which may have whole days before it:
// 90m, 24h, 30d, 1d12h. A negative one is an error; so is more than 65535 days.
func ParseDuration(text string) (time.Duration, error) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 16) // of 16 bits, so that the sum does not overflow
	if err != nil {
		return 0, notDuration(text)
	}
	var clock time.Duration
	if rest != "" {
		clock, err = time.ParseDuration(rest)
	}
	if err != nil || clock < 0 || text == "" {
		return 0, notDuration(text)
	}
	return time.Duration(n)*day + clock, nil
}

func notDuration(text string) error {
	return fmt.Errorf("%q is not a duration such as 90m, 24h or 30d", text)
}
