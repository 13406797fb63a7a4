package shorthand

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/value"
)

func noFiles(name string) (string, error) {
	if strings.HasSuffix(name, "://p") {
		return "content\n", nil
	}
	return "", errors.New("no such file")
}

// The parse tables of R-CMD-27, R-CMD-28, R-CMD-29, R-CMD-30, R-CMD-31 and R-CMD-32.
func TestShorthand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`a=b,c`:                  `{"a":["b","c"]}`,
		`a=b,c,d=e`:              `{"a":["b","c"],"d":"e"}`,
		`a=b,c=d`:                `{"a":"b","c":"d"}`,
		`a=x,,b=c`:               `{"a":"x","b":"c"}`,
		`a='x','y',b=z`:          `{"a":["x","y"],"b":"z"}`,
		`a=b,c]d`:                `{"a":["b","c]d"]}`,
		`a=`:                     `{"a":""}`,
		`a=[,,]`:                 `{"a":["",""]}`,
		`a=[x,]`:                 `{"a":["x"]}`,
		`a=[]`:                   `{"a":[]}`,
		`a={}`:                   `{"a":{}}`,
		`a={b=1,b=2}`:            `{"a":{"b":"2"}}`,
		`a=b c , d = e`:          `{"a":"b c","d":"e"}`,
		`a=  x  `:                `{"a":"x"}`,
		`a="  x  "`:              `{"a":"  x  "}`,
		`a= ,b=c`:                `{"a":"","b":"c"}`,
		` in=5`:                  `{"in":"5"}`,
		`a=x\,y`:                 `{"a":"x,y"}`,
		`a=c:\dir\x`:             `{"a":"c:\\dir\\x"}`,
		`a=x\\y`:                 `{"a":"x\\\\y"}`,
		`a="say \"hi\""`:         `{"a":"say \"hi\""}`,
		`a='it\'s'`:              `{"a":"it's"}`,
		`a="it's"`:               `{"a":"it's"}`,
		`a="c:\\dir"`:            `{"a":"c:\\dir"}`,
		`a="c:\dir"`:             `{"a":"c:\\dir"}`,
		`a='c:\dir\'`:            `{"a":"c:\\dir\\"}`,
		`a='x\"y'`:               `{"a":"x\\\"y"}`,
		`a=x[y`:                  `{"a":"x[y"}`,
		`a=x{y`:                  `{"a":"x{y"}`,
		`Key='a\\',Value='c'`:    `{"Key":"a\\","Value":"c"}`,
		`a=😀`:                    `{"a":"😀"}`,
		`a@=file://p,b=file://p`: `{"a":"content\n","b":"file://p"}`,
		`a@=plain`:               `{"a":"plain"}`,
		`r={n@=file://p}`:        `{"r":{"n":"content\n"}}`,
		`startTime='cron(0 0 0 ? * SUN,MON *)',durationInMinutes=60`: `{"startTime":"cron(0 0 0 ? * SUN,MON *)","durationInMinutes":"60"}`,
		`startTime=cron(0 0 0 ? * SUN *),durationInMinutes=60`:       `{"startTime":"cron(0 0 0 ? * SUN *)","durationInMinutes":"60"}`,
		`a=2030-01-01T10:00,b=[{s=x,d=1}]`:                           `{"a":"2030-01-01T10:00","b":[{"s":"x","d":"1"}]}`,
	} {
		v, err := Parse(text, noFiles)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := string(value.AppendJSON(nil, v, "", "")); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// The error table of R-CMD-36, with the caret's column.
func TestShorthandErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, says string
		column     int
	}{
		{`foo`, `Expected: '=', received: 'EOF'`, 3},
		{``, `Expected: '=', received: 'EOF'`, 0},
		{`inProgressTimeoutInMinutes==5`, `Expected: ',', received: '='`, 27},
		{`in progress=5`, `Expected: '=', received: 'p'`, 3},
		{`roleArn=it"s`, `Expected: ',', received: '"'`, 10},
		{`roleArn="abc`, `Expected: '<double quoted>', received: '<none>'`, 8},
		{`roleArn='abc`, `Expected: '<singled quoted>', received: '<none>'`, 8},
		{`inProgressTimeoutInMinutes=5,`, `Expected: '<second>', received: '<none>'`, 29},
		{`exponentialRate={baseRatePerMinute=10`, `Expected: ',', received: 'EOF'`, 37},
		{`exponentialRate={a=10}x`, `Expected: ',', received: 'x'`, 22},
		{`criteriaList=[{a=b}`, `Expected: ',', received: 'EOF'`, 19},
		{`a@b`, `Expected: '=', received: 'b'`, 2},
		{`expiresInSec=60,expiresInSec=61`, `Second instance of key "expiresInSec"`, 16},
		{`a="x"y`, `Expected: ',', received: 'y'`, 5},
		{`a=x]y`, `Expected: ',', received: ']'`, 3},
	} {
		_, err := Parse(tt.text, noFiles)
		if err == nil || !strings.HasPrefix(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %s", tt.text, err, tt.says)
			continue
		}
		if want := "\n" + tt.text + "\n" + strings.Repeat(" ", tt.column) + "^"; !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the caret is off:\n%v", tt.text, err)
		}
	}
	if got, want := caret("a=b\nc==d\ne", 6), "a=b\nc==d\n  ^\ne"; got != want {
		t.Errorf("several lines:\n%s", got)
	}
}

// A long word with many keys is read in linear time (R-CMD-37).
func TestLinear(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&b, "k%d=v,", i)
	}
	o, err := Parse(b.String()+"z=1", noFiles)
	if err != nil || len(o.Fields) != 200_001 {
		t.Errorf("%v", err)
	}
}

// The parser ends, quickly, whatever it is given (R-CMD-37).
func FuzzShorthand(f *testing.F) {
	f.Add(`a=b,c,d={e=[f,'g']}`)
	f.Add(`"` + strings.Repeat(`\`, 100))
	f.Add(`a='` + strings.Repeat(`\'`, 100))
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text, noFiles)
		if err == nil && v == nil {
			t.Fatalf("%q: neither a value nor an error", text)
		}
	})
}
