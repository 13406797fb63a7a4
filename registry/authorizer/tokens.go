package authorizer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/drover-iot/drover/registry/policy"
)

// A file of tokens says who may connect without anybody being asked (R-ID-96). Each line has, parted
// by spaces, the SHA-256 of a token in hexadecimal, a principal id, and what it may do: the names of
// policies with commas between them, or a policy document that begins with a brace. Empty lines and
// those that begin with # say nothing.

// fileRefresh is how often a connection is looked up in its file again, besides whenever the file
// changes.
const fileRefresh = MinTime

// Tokens is a file of tokens.
type Tokens map[[sha256.Size]byte]Grant

// ParseTokens reads a file of tokens. An error names the line.
func ParseTokens(text string) (Tokens, error) {
	tokens, number := Tokens{}, 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		digest, g, err := parseToken(line)
		if err == nil && tokens.has(digest) {
			err = fmt.Errorf("the token stands twice")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		tokens[digest] = g
	}
	return tokens, nil
}

func (t Tokens) has(digest [sha256.Size]byte) bool {
	_, there := t[digest]
	return there
}

// parseToken reads one line.
func parseToken(line string) (digest [sha256.Size]byte, g Grant, err error) {
	hash, rest := cutWord(line)
	principal, what := cutWord(rest)
	raw, err := hex.DecodeString(hash)
	switch {
	case err != nil || len(raw) != len(digest):
		return digest, g, fmt.Errorf("does not begin with the SHA-256 of a token, %d hexadecimal digits",
			2*len(digest))
	case !validTokenPrincipal(principal):
		return digest, g, fmt.Errorf(
			"the principal id must have 1 to %d letters, digits, _ and -", maxPrincipal)
	case what == "":
		return digest, g, fmt.Errorf("says nothing of what %s may do", principal)
	}
	copy(digest[:], raw)
	g = Grant{PrincipalID: principal, DisconnectAfter: MaxTime, RefreshAfter: fileRefresh}
	if strings.HasPrefix(what, "{") {
		if _, err := policy.Parse(what); err != nil {
			return digest, g, fmt.Errorf("the policy: %s", messageOf(err))
		}
		g.Documents = []string{what}
		return digest, g, nil
	}
	for name := range strings.SplitSeq(what, ",") {
		if name = strings.TrimSpace(name); name != "" {
			g.Policies = append(g.Policies, name)
		}
	}
	return digest, g, nil
}

// cutWord parts a line after its first word.
func cutWord(line string) (word, rest string) {
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		return line[:i], strings.TrimSpace(line[i:])
	}
	return line, ""
}

// validTokenPrincipal reports whether a text may be a principal id of a file.
func validTokenPrincipal(id string) bool {
	return validPrincipal(strings.NewReplacer("_", "a", "-", "a").Replace(id))
}

// Find returns what the token of a question allows; the password of the CONNECT where the authorizer
// has no token key.
func (t Tokens) Find(q Question) (Grant, error) {
	token := q.Token
	if m := q.ProtocolData.MQTT; token == "" && m != nil {
		token = string(m.Password)
	}
	g, known := t[sha256.Sum256([]byte(token))]
	if token == "" || !known {
		return Grant{}, refused("the file of tokens does not have the token")
	}
	return g, nil
}
