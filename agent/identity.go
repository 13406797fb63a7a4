package agent

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/drover-iot/drover/agent/link"
	"github.com/drover-iot/drover/internal/disk"
)

// Who the device is: its certificate and key, and the name of its thing. A device without a
// certificate gets one by its claim (R-AGT-20).

// An identity is what a device connects with.
type identity struct {
	thing       string
	certificate tls.Certificate
}

// keptIdentity is the content of identity.json, which provisioning makes.
type keptIdentity struct {
	Thing         string          `json:"thingName"`
	Configuration json.RawMessage `json:"deviceConfiguration,omitempty"`
}

// identify finds out who the device is, and provisions it when it is nobody yet.
func (c Config) identify(ctx context.Context) (identity, error) {
	certificate, key := c.identityFiles()
	if _, err := os.Stat(certificate); errors.Is(err, fs.ErrNotExist) && c.Template != "" {
		if err := c.provision(ctx, certificate, key); err != nil {
			return identity{}, fmt.Errorf("provision by template %s: %w", c.Template, err)
		}
	}
	return c.known()
}

// identityFiles are where the certificate and the key of the device are.
func (c Config) identityFiles() (certificate, key string) {
	return cmp.Or(c.Certificate, c.in("device.pem")), cmp.Or(c.Key, c.in("device.key"))
}

// known is the identity that the device has already.
func (c Config) known() (identity, error) {
	pair, err := tls.LoadX509KeyPair(c.identityFiles())
	if err != nil {
		return identity{}, fmt.Errorf("the certificate of the device: %w", err)
	}
	if c.Thing != "" {
		return identity{c.Thing, pair}, nil
	}
	text, err := os.ReadFile(c.in("identity.json"))
	if err != nil {
		return identity{}, fmt.Errorf("the name of the thing: %w; give it with --thing", err)
	}
	var kept keptIdentity
	if err := json.Unmarshal(text, &kept); err != nil || kept.Thing == "" {
		return identity{}, fmt.Errorf("the name of the thing: %s has none; give it with --thing", c.in("identity.json"))
	}
	return identity{kept.Thing, pair}, nil
}

// CheckFiles refuses settings that are wrong or not complete, and certificates and keys that cannot be
// read, and makes nothing. It returns a line on what the settings have come to (R-AGT-22).
func (c Config) CheckFiles() (string, error) {
	if err := c.Check(); err != nil {
		return "", err
	}
	if _, err := c.trust(false); err != nil {
		return "", err
	}
	address, _, err := c.server()
	if err != nil {
		return "", err
	}
	if certificate, _ := c.identityFiles(); c.Template != "" {
		if _, err := os.Stat(certificate); errors.Is(err, fs.ErrNotExist) {
			if _, err := tls.LoadX509KeyPair(c.ClaimCertificate, c.ClaimKey); err != nil {
				return "", fmt.Errorf("the claim: %w", err)
			}
			return fmt.Sprintf("the settings are complete: a thing by the template %s at %s", c.Template, address), nil
		}
	}
	who, err := c.known()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("the settings are complete: the thing %s at %s", who.thing, address), nil
}

// trust is how servers are verified: by the authorities given and, where others are to be trusted too,
// those of the machine.
func (c Config) trust(others bool) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA == "" {
		return t, nil
	}
	text, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.named("ca"), err)
	}
	t.RootCAs = x509.NewCertPool()
	if others {
		if machine, err := x509.SystemCertPool(); err == nil {
			t.RootCAs = machine
		}
	}
	if !t.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: %s has no certificate in PEM", c.named("ca"), c.CA)
	}
	return t, nil
}

// mqttTLS is how MQTT connects with a certificate.
func (c Config) mqttTLS(certificate tls.Certificate) (*tls.Config, error) {
	t, err := c.trust(false)
	if err != nil {
		return nil, err
	}
	address, host, err := c.server()
	if err != nil {
		return nil, err
	}
	t.ServerName, t.Certificates = host, []tls.Certificate{certificate}
	if _, port, _ := net.SplitHostPort(address); port == "443" {
		t.NextProtos = []string{"x-amzn-mqtt-ca"}
	}
	return t, nil
}

// provision makes a key, which never leaves the device, and gets a certificate for it and a thing by
// the claim. What was made is kept when it is whole: a device that stops on the way begins again, with
// the same key.
func (c Config) provision(ctx context.Context, certificate, key string) error {
	csr, err := request(key)
	if err != nil {
		return err
	}
	claim, err := tls.LoadX509KeyPair(c.ClaimCertificate, c.ClaimKey)
	if err != nil {
		return fmt.Errorf("the claim: %w", err)
	}
	t, err := c.mqttTLS(claim)
	if err != nil {
		return err
	}
	parameters, err := c.parameters()
	if err != nil {
		return err
	}
	const create = "$aws/certificates/create-from-csr/json"
	register := "$aws/provisioning-templates/" + c.Template + "/provision/json"
	server, _, err := c.server()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := link.Open(ctx, link.Options{
		Server: server, TLS: t, ClientID: claimClient(), KeepAlive: c.KeepAlive,
		Longest: c.LongestPause, Answer: answerLimit, WithoutTokens: true, Log: c.Log,
		Filters: []string{create + "/accepted", create + "/rejected", register + "/accepted", register + "/rejected"},
	})
	if err != nil {
		return err
	}
	defer l.Close(ctx)
	var made struct {
		CertificatePEM string `json:"certificatePem"`
		Token          string `json:"certificateOwnershipToken"`
	}
	if err := ask(ctx, l, create, map[string]any{"certificateSigningRequest": csr}, &made); err != nil {
		return err
	}
	var kept keptIdentity
	err = ask(ctx, l, register, map[string]any{
		"certificateOwnershipToken": made.Token, "parameters": parameters,
	}, &kept)
	if err != nil {
		return err
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	if err := disk.Write(c.in("identity.json"), text, 0o600); err != nil {
		return err
	}
	c.Log.Info("provisioned", "thing", kept.Thing)
	return disk.Write(certificate, []byte(made.CertificatePEM), 0o644)
}

// claimClient is a client id for provisioning. Devices share their claim, so it is another one each
// time.
func claimClient() string { return "claim-" + rand.Text() }

// request makes a request for a certificate with the key of the device, which is made when there is
// none.
func request(path string) (string, error) {
	key, err := loadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(path)
	}
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{Subject: pkix.Name{CommonName: "drover agent"}}, key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), nil
}

func loadKey(path string) (any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is no private key in PEM", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func makeKey(path string) (any, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, disk.Write(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// answerLimit is how long an answer may take before a request is sent again.
const answerLimit = 20 * time.Second

// ask asks, and reads the answer.
func ask(ctx context.Context, l *link.Link, topic string, members map[string]any, into any) error {
	payload, err := l.Ask(ctx, topic, members)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(payload, into); err != nil {
		return fmt.Errorf("the answer on %s/accepted cannot be read: %w", topic, err)
	}
	return nil
}
