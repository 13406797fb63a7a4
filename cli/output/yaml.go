package output

import (
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/cli/yaml"
)

// appendYAML writes a value as YAML with sorted keys; a scalar alone is written as JSON (R-CMD-85).
func appendYAML(dst []byte, v value.Value) []byte {
	if !nested(v) {
		return append(value.AppendJSON(dst, v, "", ""), '\n')
	}
	return yaml.Append(dst, v, yaml.Layout{Sorted: true})
}
