package credentials

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/drover-iot/drover/client"
)

// A Role is what a profile says about the role to assume.
type Role struct {
	ARN         string
	SessionName string // "" for one that is made up
	ExternalID  string
	MFASerial   string // the device whose code is asked for; "" for none
	Duration    int32  // of the credentials, in seconds; 0 for what the service gives
}

// sessionName is that of the role, or one with the time, so that a log of the service tells the
// calls apart.
func (r Role) sessionName(now time.Time) string {
	if r.SessionName != "" {
		return r.SessionName
	}
	return fmt.Sprintf("drover-session-%d", now.Unix())
}

// described is the JSON text that names the file in the cache. It must be the one that the aws
// command line makes, byte for byte: names in order, blanks after colons and commas.
func (r Role) described() []byte {
	var b bytes.Buffer
	add := func(name string, v any) {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		text, _ := json.Marshal(v) // a text or a number
		fmt.Fprintf(&b, "%q: %s", name, text)
	}
	if r.Duration > 0 {
		add("DurationSeconds", r.Duration)
	}
	for _, m := range []struct{ name, text string }{
		{"ExternalId", r.ExternalID},
		{"RoleArn", r.ARN},
		{"RoleSessionName", r.SessionName},
		{"SerialNumber", r.MFASerial},
	} {
		if m.text != "" {
			add(m.name, m.text)
		}
	}
	return []byte("{" + b.String() + "}")
}

// Cached returns the credentials of the role in the cache, and whether they are there.
func (s Services) Cached(r Role, now time.Time) (Value, bool) {
	return s.Cache.load(r.described(), now)
}

// AssumeRole fetches credentials for a role from the token service with those of source. code
// returns the MFA code of a device; it and source are called only when the cache has nothing.
func (s Services) AssumeRole(ctx context.Context, r Role, now time.Time,
	source func() (Value, error), code func(device string) (string, error),
) (Value, error) {
	if v, ok := s.Cached(r, now); ok {
		return v, nil
	}
	keys, err := source()
	if err != nil {
		return Value{}, err
	}
	in := &sts.AssumeRoleInput{
		RoleArn:         &r.ARN,
		RoleSessionName: aws.String(r.sessionName(now)),
		ExternalId:      given(r.ExternalID),
		SerialNumber:    given(r.MFASerial),
	}
	if r.Duration > 0 {
		in.DurationSeconds = &r.Duration
	}
	if r.MFASerial != "" {
		text, err := code(r.MFASerial)
		if err != nil {
			return Value{}, err
		}
		in.TokenCode = &text
	}
	c, address, err := s.tokenService(keys.Credentials)
	if err != nil {
		return Value{}, err
	}
	out, err := c.AssumeRole(ctx, in)
	if err != nil {
		return Value{}, refused("AssumeRole", address, err)
	}
	return s.assumed(r, out.Credentials), nil
}

// WebIdentity fetches credentials for a role with the token of an identity provider. token is
// called only when the cache has nothing.
func (s Services) WebIdentity(ctx context.Context, r Role, now time.Time,
	token func() (string, error),
) (Value, error) {
	if v, ok := s.Cached(r, now); ok {
		return v, nil
	}
	text, err := token()
	if err != nil {
		return Value{}, err
	}
	c, address, err := s.tokenService(client.Credentials{})
	if err != nil {
		return Value{}, err
	}
	out, err := c.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          &r.ARN,
		RoleSessionName:  aws.String(r.sessionName(now)),
		WebIdentityToken: &text,
	})
	if err != nil {
		return Value{}, refused("AssumeRoleWithWebIdentity", address, err)
	}
	return s.assumed(r, out.Credentials), nil
}

// tokenService is a client of the token service, and the address that it calls.
func (s Services) tokenService(keys client.Credentials) (*sts.Client, string, error) {
	http, err := s.HTTP()
	if err != nil {
		return nil, "", err
	}
	address, err := s.Endpoint("sts")
	if err != nil {
		return nil, "", err
	}
	options := sts.Options{
		Region:     s.Region,
		HTTPClient: http,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = s.Attempts
		}),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID:     keys.AccessKeyID,
				SecretAccessKey: keys.SecretAccessKey,
				SessionToken:    keys.SessionToken,
			}, nil
		}),
	}
	if address != "" {
		options.BaseEndpoint = &address
		return sts.New(options), address, nil
	}
	return sts.New(options), "https://sts." + s.Region + domain(s.Region), nil
}

// assumed stores the credentials of a role in the cache, and returns them.
func (s Services) assumed(r Role, c *types.Credentials) Value {
	if c == nil {
		c = &types.Credentials{} // an answer without any is refused by whoever uses them
	}
	v := Value{
		Credentials: client.Credentials{
			AccessKeyID:     aws.ToString(c.AccessKeyId),
			SecretAccessKey: aws.ToString(c.SecretAccessKey),
			SessionToken:    aws.ToString(c.SessionToken),
		},
		Expires: aws.ToTime(c.Expiration),
	}
	s.Cache.store(r.described(), "", v)
	return v
}

// given is a text for a request, nil when there is none.
func given(text string) *string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return &text
}
