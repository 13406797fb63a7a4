package console

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strings"
)

// importMap finds the import map in the page. Browsers take no import map from a file of its own.
var importMap = regexp.MustCompile(`(?s)<script type="importmap">(.*?)</script>`)

// securityPolicy is the content security policy of the page (R-WEB-61). The import map is the one
// script that stands in the page, and is allowed by the hash of its text.
func securityPolicy(page []byte) (string, error) {
	found := importMap.FindSubmatch(page)
	if found == nil {
		return "", errors.New("the page of the console has no import map")
	}
	hash := sha256.Sum256(found[1])
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'",
		"style-src 'self'",
		"img-src 'self' data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
	}, "; "), nil
}

// secure sets the headers that tell a browser what the page may do.
func (h *Handler) secure(header http.Header) {
	header.Set("Content-Security-Policy", h.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}
