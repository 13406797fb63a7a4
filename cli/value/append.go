package value

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// AppendJSON writes a value as JSON. With an indent it is spread over lines, each behind the
// margin; with the indent "" it is compact. {"a":[1]} with the indent of two blanks:
//
//	{
//	  "a": [
//	    1
//	  ]
//	}
func AppendJSON(dst []byte, v Value, indent, margin string) []byte {
	switch v := v.(type) {
	case *Object:
		return appendBlock(dst, "{}", len(v.Fields), indent, margin,
			func(dst []byte, i int, inner string) []byte {
				dst = append(AppendString(dst, v.Fields[i].Key), ':')
				if indent != "" {
					dst = append(dst, ' ')
				}
				return AppendJSON(dst, v.Fields[i].Value, indent, inner)
			})
	case List:
		return appendBlock(dst, "[]", len(v), indent, margin,
			func(dst []byte, i int, inner string) []byte {
				return AppendJSON(dst, v[i], indent, inner)
			})
	case string:
		return AppendString(dst, v)
	case json.Number:
		return append(dst, v...)
	case bool:
		return fmt.Appendf(dst, "%t", v)
	case Date:
		return AppendString(dst, string(v))
	case Raw:
		return AppendString(dst, base64.StdEncoding.EncodeToString(v))
	}
	return append(dst, "null"...)
}

// appendBlock writes n items between two brackets, each on a line of its own when there is an
// indent.
func appendBlock(
	dst []byte, brackets string, n int, indent, margin string,
	item func(dst []byte, i int, margin string) []byte,
) []byte {
	dst = append(dst, brackets[0])
	inner := margin + indent
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if indent != "" {
			dst = append(append(dst, '\n'), inner...)
		}
		dst = item(dst, i, inner)
	}
	if n > 0 && indent != "" {
		dst = append(append(dst, '\n'), margin...)
	}
	return append(dst, brackets[1])
}

// AppendString writes a JSON string in which only quotes, backslashes and control characters are
// escaped (R-CMD-72).
func AppendString(dst []byte, s string) []byte {
	const short = "\"\"\\\\\bb\ff\nn\rr\tt" // pairs: a character, and what stands for it after \
	dst = append(dst, '"')
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			dst = append(dst, c)
			continue
		}
		if at := strings.IndexByte(short, c); at >= 0 && at%2 == 0 {
			dst = append(dst, '\\', short[at+1])
		} else {
			dst = fmt.Appendf(dst, "\\u%04x", c)
		}
	}
	return append(dst, '"')
}
