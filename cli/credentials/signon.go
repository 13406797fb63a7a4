package credentials

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // names a file, as the aws command line does
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/drover-iot/drover/cli/connection"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/disk"
)

// Single sign-on (IAM Identity Center): a token that "aws sso login" has stored gives credentials
// for a role. The two requests are not signed and have a few members each; they are written here,
// because the SDK's packages for them cost every start of the program half a millisecond.

// A SignOn is what a profile says about single sign-on.
type SignOn struct {
	Profile   string // for what is said about it
	Session   string // the name of the session; "" for a profile that names StartURL itself
	StartURL  string
	Region    string
	AccountID string
	RoleName  string
	// Tokens is the folder in which the aws command line stores tokens.
	Tokens string
}

// token is a stored token. Members that are not here stay when it is written again.
type token struct {
	AccessToken  string    `json:"accessToken"`
	ExpiresAt    time.Time `json:"expiresAt"`
	ClientID     string    `json:"clientId"`
	ClientSecret string    `json:"clientSecret"`
	RefreshToken string    `json:"refreshToken"`
}

// described is the JSON text that names the file in the cache, in the form of the aws command line.
func (o SignOn) described() []byte {
	args := map[string]string{"accountId": o.AccountID, "roleName": o.RoleName}
	if o.Session != "" {
		args["sessionName"] = o.Session
	} else {
		args["startUrl"] = o.StartURL
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b) // which sorts the names
	encoder.SetEscapeHTML(false)   // an address may have an ampersand
	_ = encoder.Encode(args)       // texts
	return bytes.TrimSpace(b.Bytes())
}

// CachedSignOn returns the credentials in the cache, and whether they are there.
func (s Services) CachedSignOn(o SignOn, now time.Time) (Value, bool) {
	return s.Cache.load(o.described(), now)
}

// SignOn fetches credentials for a role with the stored token.
func (s Services) SignOn(ctx context.Context, o SignOn, now time.Time) (Value, error) {
	if v, ok := s.CachedSignOn(o, now); ok {
		return v, nil
	}
	access, err := s.accessToken(ctx, o, now)
	if err != nil {
		return Value{}, err
	}
	address, err := s.address("sso", "portal.sso", o.Region)
	if err != nil {
		return Value{}, err
	}
	query := url.Values{"account_id": {o.AccountID}, "role_name": {o.RoleName}}
	var answer struct {
		RoleCredentials struct {
			AccessKeyID     string `json:"accessKeyId"`
			SecretAccessKey string `json:"secretAccessKey"`
			SessionToken    string `json:"sessionToken"`
			Expiration      int64  `json:"expiration"` // milliseconds
		} `json:"roleCredentials"`
	}
	status, err := s.ask(ctx, "GetRoleCredentials", address, signOnRequest{
		method: http.MethodGet,
		path:   "/federation/credentials?" + query.Encode(),
		bearer: access,
	}, &answer)
	if status == http.StatusUnauthorized {
		return Value{}, o.expired()
	}
	if err != nil {
		return Value{}, err
	}
	keys := answer.RoleCredentials
	v := Value{
		Credentials: client.Credentials{
			AccessKeyID:     keys.AccessKeyID,
			SecretAccessKey: keys.SecretAccessKey,
			SessionToken:    keys.SessionToken,
		},
		Expires: time.UnixMilli(keys.Expiration),
	}
	if v.AccessKeyID == "" || v.SecretAccessKey == "" {
		return Value{}, exit.Other("GetRoleCredentials: the answer of %s has no credentials", address)
	}
	s.Cache.store(o.described(), "sso", v)
	return v, nil
}

// accessToken is the stored token, refreshed when it has expired and can be.
func (s Services) accessToken(ctx context.Context, o SignOn, now time.Time) (string, error) {
	name := o.Session
	if name == "" {
		name = o.StartURL
	}
	sum := sha1.Sum([]byte(name)) //nolint:gosec // as above
	path := filepath.Join(o.Tokens, hex.EncodeToString(sum[:])+".json")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", exit.Other("Error loading SSO Token: Token for %s does not exist%s",
			name, o.hint())
	}
	var t token
	if err := json.Unmarshal(text, &t); err != nil || t.AccessToken == "" || t.ExpiresAt.IsZero() {
		return "", exit.Other("Error loading SSO Token: Token for %s is invalid%s",
			o.StartURL, o.hint())
	}
	if now.Before(t.ExpiresAt) {
		return t.AccessToken, nil
	}
	if o.Session == "" {
		return "", o.expired()
	}
	if t.RefreshToken == "" || t.ClientID == "" || t.ClientSecret == "" {
		return "", o.notRefreshed()
	}
	return s.refresh(ctx, o, t, text, path, now)
}

// refresh fetches another token for one that has expired, and stores it in its file.
func (s Services) refresh(
	ctx context.Context, o SignOn, t token, text []byte, path string, now time.Time,
) (string, error) {
	address, err := s.address("sso_oidc", "oidc", o.Region)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]string{
		"clientId":     t.ClientID,
		"clientSecret": t.ClientSecret,
		"refreshToken": t.RefreshToken,
		"grantType":    "refresh_token",
	})
	if err != nil {
		return "", err
	}
	var answer struct {
		AccessToken  string `json:"accessToken"`
		RefreshToken string `json:"refreshToken"`
		ExpiresIn    int64  `json:"expiresIn"`
	}
	status, err := s.ask(ctx, "CreateToken", address, signOnRequest{
		method: http.MethodPost,
		path:   "/token",
		body:   body,
	}, &answer)
	if status >= 400 && status < 500 || err == nil && answer.AccessToken == "" {
		return "", o.notRefreshed()
	}
	if err != nil {
		return "", err
	}
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		return "", err
	}
	whole["accessToken"] = answer.AccessToken
	expires := now.Add(time.Duration(answer.ExpiresIn) * time.Second)
	whole["expiresAt"] = expires.UTC().Format(time.RFC3339)
	delete(whole, "refreshToken") // one is good for one time
	if answer.RefreshToken != "" {
		whole["refreshToken"] = answer.RefreshToken
	}
	// A token that is not stored is refreshed no more: the old one is used up.
	if text, err = json.Marshal(whole); err == nil {
		err = disk.Write(path, text, 0o600)
	}
	if err != nil {
		return "", exit.Other("The refreshed SSO token cannot be stored: %v", err)
	}
	return answer.AccessToken, nil
}

// signOnRequest is a request that is not signed.
type signOnRequest struct {
	method, path string
	bearer       string // the token in a header; "" for none
	body         []byte // JSON; nil for none
}

// address is the configured address of a service, or the one that AWS has for it.
func (s Services) address(service, host, region string) (string, error) {
	address, err := s.Endpoint(service)
	if err != nil || address != "" {
		return strings.TrimSuffix(address, "/"), err
	}
	return "https://" + host + "." + region + domain(region), nil
}

// longestAnswer bounds what is read of an answer.
const longestAnswer = 1 << 20

// ask makes a request and reads its answer. The status is that of an answer, 0 without one; another
// than 200 is an error as well.
func (s Services) ask(ctx context.Context, operation, address string, r signOnRequest, into any) (
	status int, err error,
) {
	web, err := s.HTTP()
	if err != nil {
		return 0, err
	}
	q, err := http.NewRequestWithContext(ctx, r.method, address+r.path, bytes.NewReader(r.body))
	if err != nil {
		return 0, exit.Other("%s: %v", operation, err)
	}
	if r.bearer != "" {
		q.Header.Set("X-Amz-Sso_bearer_token", r.bearer)
	}
	if r.body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	answer, err := web.Do(q)
	if err != nil {
		return 0, connection.Failure(err, address+r.path)
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	if err != nil {
		return 0, connection.Failure(err, address+r.path)
	}
	if answer.StatusCode != http.StatusOK {
		said := client.ReadError(client.Answer{
			Status: answer.StatusCode,
			Header: answer.Header,
			Body:   text,
		})
		code := string(said.Exception)
		return answer.StatusCode, exit.Service(code, fmt.Sprintf(
			"\nAn error occurred (%s) when calling the %s operation: %s\n(%s was asked at %s)",
			code, operation, said.Message, operation, address))
	}
	if err := json.Unmarshal(text, into); err != nil {
		return answer.StatusCode, exit.Other("%s: the answer of %s is no JSON", operation, address)
	}
	return answer.StatusCode, nil
}

// expired is the error for a token that is accepted no more.
func (o SignOn) expired() error {
	return exit.Other("The SSO session associated with this profile has expired or is otherwise "+
		"invalid. To refresh this SSO session run aws sso login with the corresponding profile.%s",
		o.hint())
}

// notRefreshed is the error for the token of a session that has expired for good.
func (o SignOn) notRefreshed() error {
	return exit.Other("Error when retrieving token from sso: "+
		"Token has expired and refresh failed%s", o.hint())
}

// hint says how to get another token.
func (o SignOn) hint() string {
	return fmt.Sprintf("\n(sign in with the AWS command line: aws sso login --profile %s)", o.Profile)
}
