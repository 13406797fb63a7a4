package output_test

import (
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/value"
)

// Values as text (R-CMD-71, R-CMD-73 to R-CMD-78).
func TestText(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ rule, value, want string }{
		{"R-CMD-71 empty", `{}`, ""},
		{"R-CMD-73 null", `null`, "None\n"},
		{"R-CMD-74", `{"b":1,"a":"x","c":{"d":true},"e":[1,2]}`, "x\t1\nC\tTrue\nE\t1\nE\t2\n"},
		{"R-CMD-74 no scalars", `{"c":{"d":false}}`, "C\tFalse\n"},
		{"R-CMD-75", `[{"b":1},{"a":2,"b":3}]`, "\t1\n2\t3\n"},
		{"R-CMD-75 label", `{"l":[{"b":1},{"a":2}]}`, "L\t\t1\nL\t2\t\n"},
		{"R-CMD-76", `["a","b"]`, "a\tb\n"},
		{"R-CMD-76 lists", `[["a","b"],["c"]]`, "a\tb\nc\n"},
		{"R-CMD-77", `[true,false,null,1.50]`, "True\tFalse\tNone\t1.50\n"},
		{"R-CMD-78", `["x",{"a":1},"y"]`, "x\ny\n1\n"},
	} {
		v, err := value.ParseJSON(row.value)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := output.Write(&out, output.Style{Format: output.Text}, v); err != nil || out.String() != row.want {
			t.Errorf("%s: %s: %q, %v; want %q", row.rule, row.value, out.String(), err, row.want)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`: "", `null`: "null\n", `[]`: "[]\n", `{"b":1,"a":2}`: "{\n    \"b\": 1,\n    \"a\": 2\n}\n",
	} {
		v, err := value.ParseJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := output.Write(&out, output.Style{}, v); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v; want %q", text, out.String(), err, want)
		}
	}
}
