package seal

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// bytes32 is a key whose base64 differs between the alphabets.
var bytes32 = []byte("\xfb\xef\xbe0123456789abcdefghijklmnop\xff\xff\xff")

// A key is 32 bytes in one of the usual forms. What is refused is not repeated in the error.
func TestParseKey(t *testing.T) { // R-NODE-1
	t.Parallel()
	key, err := newKey(bytes32)
	if err != nil {
		t.Fatal(err)
	}
	sealed := key.Seal("name", []byte("value"))
	std, web := base64.StdEncoding.EncodeToString(bytes32), base64.URLEncoding.EncodeToString(bytes32)
	for name, row := range map[string]struct {
		text  string
		works bool
	}{
		"hexadecimal":          {hex.EncodeToString(bytes32), true},
		"upper case":           {strings.ToUpper(hex.EncodeToString(bytes32)), true},
		"base64":               {std, true},
		"without padding":      {strings.TrimRight(std, "="), true},
		"of URLs":              {web, true},
		"white space around":   {" \t" + std + "\r\n", true},
		"nothing":              {"", false},
		"31 bytes":             {hex.EncodeToString(bytes32[:31]), false},
		"33 bytes":             {base64.StdEncoding.EncodeToString(append(bytes32[:32:32], 0)), false},
		"32 characters":        {"correct-horse-battery-staple-abc", false},
		"a digit that is none": {"x" + hex.EncodeToString(bytes32)[1:], false},
		"bits left over":       {strings.TrimRight(std, "=")[:42] + "9", false},
		"two keys":             {std + "\n" + std, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseKey(row.text)
			if !row.works {
				if !errors.Is(err, ErrKey) || !got.IsZero() ||
					row.text != "" && strings.Contains(err.Error(), row.text) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if value, err := got.Open("name", sealed); err != nil || string(value) != "value" {
				t.Errorf("opened %q, %v", value, err)
			}
		})
	}
}

// A value is opened by its key under its name as it was sealed, and by nothing else. The value does
// not show, and sealing it again gives another text.
func TestSeal(t *testing.T) { // R-NODE-1
	t.Parallel()
	key, text := NewKey()
	same, err := ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := NewKey()
	for _, value := range []string{"", "a secret", strings.Repeat("long ", 1000)} {
		sealed := key.Seal("a", []byte(value))
		if got, err := same.Open("a", sealed); err != nil || string(got) != value {
			t.Errorf("opened %q, %v, want %q", got, err, value)
		}
		if value != "" && strings.Contains(string(sealed), value) {
			t.Errorf("%q shows in %q", value, sealed)
		}
		if string(key.Seal("a", []byte(value))) == string(sealed) {
			t.Error("the same text twice")
		}
		changed := append([]byte(nil), sealed...)
		changed[len(changed)-1] ^= 1
		for what, open := range map[string]func() ([]byte, error){
			"another key":   func() ([]byte, error) { return other.Open("a", sealed) },
			"another name":  func() ([]byte, error) { return key.Open("b", sealed) },
			"a changed bit": func() ([]byte, error) { return key.Open("a", changed) },
			"too short":     func() ([]byte, error) { return key.Open("a", sealed[:27]) },
			"nothing":       func() ([]byte, error) { return key.Open("a", nil) },
		} {
			if got, err := open(); !errors.Is(err, ErrOpen) || got != nil {
				t.Errorf("%s: opened %q, %v", what, got, err)
			}
		}
	}
}

// A key that is printed shows nothing.
func TestPrinted(t *testing.T) {
	t.Parallel()
	key, err := newKey(bytes32)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if got := strings.Trim(fmt.Sprintf(verb, key), `"`); got != "(a key)" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}
