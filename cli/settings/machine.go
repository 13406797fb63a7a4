package settings

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/cli/credentials"
)

// Credentials that the machine has, as containers and instances of AWS do. Both are the last in the
// order, and an instance is asked only when nothing else is configured.

// The variables that a container has for its credentials.
const (
	containerPath = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	containerURL  = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
)

// container is the provider of the container, nil outside of one.
func (s *Settings) container() *provider {
	get := s.from.Getenv
	c := credentials.Container{URL: get(containerURL), Attempts: s.Attempts}
	if path := get(containerPath); path != "" {
		c.URL = credentials.ContainerHost + path
	}
	if c.URL == "" {
		return nil
	}
	if file := get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		c.Token = func() (string, error) {
			text, err := os.ReadFile(file)
			if err != nil {
				return "", fmt.Errorf("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %w", err)
			}
			return string(text), nil
		}
	} else if token := get("AWS_CONTAINER_AUTHORIZATION_TOKEN"); token != "" {
		c.Token = func() (string, error) { return token, nil }
	}
	return &provider{kind: kindContainer, fetch: c.Fetch}
}

// askInstance asks the instance that this machine may be for the credentials of its role. Whatever
// goes wrong, there are none: most machines are no instance.
func (s *Settings) askInstance(ctx context.Context) (credentials.Value, bool) {
	get, p := s.from.Getenv, s.Profile
	if strings.EqualFold(get("AWS_EC2_METADATA_DISABLED"), "true") {
		return credentials.Value{}, false
	}
	timeout := s.whole("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout")
	attempts := s.whole("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts")
	mode := first(get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
		p.Get("ec2_metadata_service_endpoint_mode"))
	v2 := first(get("AWS_EC2_METADATA_V1_DISABLED"), p.Get("ec2_metadata_v1_disabled"))
	v, err := credentials.Instance{
		Endpoint: first(get("AWS_EC2_METADATA_SERVICE_ENDPOINT"),
			p.Get("ec2_metadata_service_endpoint")),
		IPv6:    strings.EqualFold(mode, "ipv6"),
		V2Only:  strings.EqualFold(v2, "true"),
		Timeout: time.Duration(timeout*attempts) * time.Second,
	}.Fetch(ctx)
	return v, err == nil
}

// whole is a whole number of a variable or of the profile: 1 unless it is set to one between 1 and
// 100.
func (s *Settings) whole(variable, key string) int {
	n, err := strconv.Atoi(first(s.from.Getenv(variable), s.Profile.Get(key)))
	if err != nil || n < 1 || n > 100 {
		return 1
	}
	return n
}
