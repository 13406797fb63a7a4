package credentials

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/client"
)

// Credentials that the machine has: those of its container or of its instance, from an address that
// only it can reach. No proxy stands in between, and no certificate.

// A Container says where the credentials of a container are.
type Container struct {
	URL string
	// Token goes with the request; nil for none.
	Token func() (string, error)
	// Attempts is how often the request is made at most.
	Attempts int
}

const (
	containerTimeout = 2 * time.Second

	// ContainerHost is where an address without a host is.
	ContainerHost = "http://169.254.170.2"
)

// containerHosts may be asked without encryption, beside the machine itself: the addresses that
// container services have for this.
var containerHosts = []string{"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost"}

// Fetch fetches the credentials. The token must not go to another machine in clear text, so other
// hosts need https.
func (c Container) Fetch(ctx context.Context) (Value, error) {
	const failed = "Error when retrieving credentials from container-role: "
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" {
		return Value{}, exit.Other(failed+"%q is no address", c.URL)
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	if u.Scheme != "https" && !ip.IsLoopback() && !slices.Contains(containerHosts, host) {
		return Value{}, exit.Other(failed+"Unsupported host '%s'. Can only retrieve metadata from "+
			"a loopback address or one of the addresses of a container service, or by https", host)
	}
	provider := endpointcreds.New(c.URL, func(o *endpointcreds.Options) {
		o.HTTPClient = direct(containerTimeout)
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = c.Attempts })
		if c.Token != nil {
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(c.Token)
		}
	})
	keys, err := provider.Retrieve(ctx)
	if err != nil {
		return Value{}, exit.Other(failed+"%v", err)
	}
	return valueOf(keys), nil
}

// An Instance says where the metadata of an instance are.
type Instance struct {
	Endpoint string // "" for the address that instances have
	IPv6     bool   // which of the two addresses that is
	V2Only   bool   // never ask without a session
	// Timeout is how long the whole look-up may take, so that a machine that is no instance does not
	// wait long for an address that nobody answers at.
	Timeout time.Duration
}

// Fetch fetches the credentials of the instance's role.
func (i Instance) Fetch(ctx context.Context) (Value, error) {
	ctx, cancel := context.WithTimeout(ctx, i.Timeout)
	defer cancel()
	options := imds.Options{
		Endpoint:          i.Endpoint,
		EndpointMode:      imds.EndpointModeStateIPv4,
		HTTPClient:        direct(i.Timeout),
		Retryer:           aws.NopRetryer{},
		ClientEnableState: imds.ClientEnabled,
	}
	if i.IPv6 {
		options.EndpointMode = imds.EndpointModeStateIPv6
	}
	if i.V2Only {
		options.EnableFallback = aws.FalseTernary
	}
	provider := ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = imds.New(options) })
	keys, err := provider.Retrieve(ctx)
	if err != nil {
		return Value{}, err
	}
	return valueOf(keys), nil
}

// direct is an HTTP client without a proxy.
func direct(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
}

// valueOf are credentials of the SDK as ours.
func valueOf(c aws.Credentials) Value {
	v := Value{Credentials: client.Credentials{
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: c.SecretAccessKey,
		SessionToken:    c.SessionToken,
	}}
	if c.CanExpire {
		v.Expires = c.Expires
	}
	return v
}
