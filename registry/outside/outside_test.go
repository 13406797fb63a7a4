package outside

import (
	"strings"
	"testing"
)

func TestCheckAddress(t *testing.T) { // R-SNK-13, R-HOOK-1
	t.Parallel()
	for address, allowed := range map[string]bool{
		"10.1.2.3:443": true, "127.0.0.1:80": true, "[2001:db8::1]:443": true,
		"169.254.169.254:80": false, "[fe80::1%eth0]:443": false, "[::ffff:169.254.169.254]:80": false,
		"0.0.0.0:80": false, "[::]:80": false, "224.0.0.1:80": false, "nowhere": false,
	} {
		if err := CheckAddress(address); (err == nil) != allowed {
			t.Errorf("%s: got %v, want allowed %t", address, err, allowed)
		}
	}
}

func TestCheckURL(t *testing.T) { // R-HOOK-1
	t.Parallel()
	for text, refused := range map[string]string{
		"https://hooks.example.org/a?b=c": "",
		"http://localhost:8080":           "",
		"http://[::1]/x":                  "",
		"http://127.0.0.2/x":              "",
		"http://hooks.example.org/":       "must be https",
		"http://10.0.0.1/":                "must be https",
		"ftp://hooks.example.org/":        "must begin with https://",
		"https://a:b@hooks.example.org":   "no user and no password",
		"https://hooks.example.org/#x":    "no fragment",
		"https:///x":                      "not the address",
		"":                                "not the address",
		"arn:aws:lambda:us-east-1:000000000000:function:f": "not the address",
		"https://hooks.example.org/%zz":                    "not the address",
	} {
		_, err := CheckURL("targetArn", text)
		switch {
		case refused == "" && err != nil:
			t.Errorf("%s: got %v", text, err)
		case refused != "" && (err == nil || !strings.Contains(err.Error(), "targetArn: ") ||
			!strings.Contains(err.Error(), refused)):
			t.Errorf("%s: got %v, want %s", text, err, refused)
		case err != nil && strings.Contains(err.Error(), "a:b"):
			t.Errorf("%s: repeats the password", err)
		}
	}
}
