package cli

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/drover-iot/drover/cli/value"
)

// When --max-items ends a list, a token is shown from which --starting-token goes on. It holds the
// service's token of the page and how many of its items were shown, as JSON in base64:
// {"nextToken": "t2", "boto_truncate_amount": 1}.

// start reads a token of --max-items, in its form of today or the old one, t2___1, or takes the
// text as the service's own (R-CMD-93). member names the token in the request.
func (p *position) start(text, member string) {
	p.token, p.given = text, true
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil && text != "" {
		v, err := value.ParseJSON(string(raw))
		if o, ok := v.(*value.Object); ok && err == nil {
			inner, _ := o.Get(member)
			p.token, p.given = inner.(string)
			if n, given := o.Get("boto_truncate_amount"); given {
				p.skip, _ = strconv.Atoi(value.Plain(n))
			}
			return
		}
	}
	// The old form: the service's token, three underscores, the number of items shown.
	if at := strings.LastIndex(text, "___"); at >= 0 {
		if n, err := strconv.Atoi(text[at+3:]); err == nil {
			p.token, p.given, p.skip = text[:at], text[:at] != "None", n
		}
	}
}

// resumeToken goes on after some items of the page that token begins, or with that page when used
// is below 0. The first page has the token "".
func resumeToken(member, token string, used int) string {
	// The blanks after commas and colons are those of the reference: scripts compare tokens.
	text := []byte("null")
	if token != "" {
		text = value.AppendString(nil, token)
	}
	amount := ""
	if used >= 0 {
		amount = fmt.Sprintf(`, "boto_truncate_amount": %d`, used)
	}
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"%s": %s%s}`, member, text, amount))
}
