package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

const (
	// tlsTurns is how often the two servers are measured in turns; the middle share counts, which
	// must be at least tlsShare.
	tlsTurns = 5
	tlsShare = 0.8
)

// tlsRows measures devices that connect with a certificate, beside a bare TLS server, and what each
// costs when it is idle.
func tlsRows(ctx context.Context, dir string, s sizes, binary string) error {
	server, _, err := startServer(binary, filepath.Join(dir, "tls"))
	if err != nil {
		return err
	}
	defer server.kill()
	identity, err := newIdentity(ctx, server)
	if err != nil {
		return err
	}
	defer identity.close()
	// Both servers are warm before they are measured.
	address := strings.TrimPrefix(server.endpoints.MQTTS, "mqtts://")
	if _, err := identity.connect(address, 100, "warm", true); err != nil {
		return err
	}
	peer, err := startPeer("tlspeer")
	if err != nil {
		return err
	}
	defer peer.kill()
	if _, err := identity.connect(peer.endpoints.MQTT, 100, "warm", false); err != nil {
		return err
	}
	before := server.memory()
	var ours, bare time.Duration
	var shares []float64
	n := s.idle / tlsTurns
	for turn := range tlsTurns {
		alone, err := identity.connect(peer.endpoints.MQTT, n, "", false)
		if err != nil {
			return err
		}
		devices, err := identity.connect(address, n, fmt.Sprint("idle-", turn), true)
		if err != nil {
			return err
		}
		ours, bare = ours+devices, bare+alone
		shares = append(shares, alone.Seconds()/devices.Seconds())
	}
	time.Sleep(time.Second)
	grown := server.memory() - before
	share := middleOf(shares)
	row("mutual TLS connections, ECDSA P-256, a bare TLS server", perSecond(int64(n*tlsTurns), bare), "")
	row("  MQTT devices over mutual TLS", perSecond(int64(n*tlsTurns), ours), "")
	row("  as a share of the bare server", percent(share), "80 %")
	row(fmt.Sprintf("memory of the server per idle TLS device, of %d", s.idle),
		fmt.Sprintf("%.1f KB", float64(grown)/float64(s.idle)), "30 KB")
	if s.judge() && share < tlsShare {
		err = fmt.Errorf("mutual TLS connections reach %s of a bare server", percent(share))
	}
	return errors.Join(err, webSocketRow(ctx, server, s.idle))
}

// identity is one certificate that all devices of the measurement share.
type identity struct {
	tls.Certificate
	mu   sync.Mutex
	open []net.Conn
}

// newIdentity registers a P-256 key with the server and lets it do everything.
func newIdentity(ctx context.Context, p *process) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	e := p.endpoints
	credentials := client.Credentials{
		AccessKeyID:     e.AccessKeyID,
		SecretAccessKey: e.SecretAccessKey,
	}
	c := client.New(e.HTTP, credentials, client.Region(e.Region))
	block := &pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}
	made, err := client.Call(ctx, c, iot.CreateCertificateFromCsr,
		&iot.CreateCertificateFromCsrRequest{
			CertificateSigningRequest: iot.SigningRequest(pem.EncodeToMemory(block)),
			SetAsActive:               new(true),
		})
	if err != nil {
		return nil, err
	}
	if err := allowAll(ctx, c, made.CertificateArn); err != nil {
		return nil, err
	}
	issued, _ := pem.Decode([]byte(made.CertificatePem))
	return &identity{Certificate: tls.Certificate{
		Certificate: [][]byte{issued.Bytes},
		PrivateKey:  key,
	}}, nil
}

// allowAll attaches a policy that allows everything to a certificate.
func allowAll(ctx context.Context, c *client.Client, certificate string) error {
	const all = `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}`
	_, err := client.Call(ctx, c, iot.CreatePolicy, &iot.CreatePolicyRequest{
		PolicyName:     "all",
		PolicyDocument: all,
	})
	if err != nil {
		return err
	}
	_, err = client.Call(ctx, c, iot.AttachPolicy, &iot.AttachPolicyRequest{
		PolicyName: "all",
		Target:     iot.PolicyTarget(certificate),
	})
	return err
}

// connect opens n connections, which stay open, and returns how long it took. A bare server sends
// one byte when it has checked the certificate.
func (i *identity) connect(address string, n int, name string, device bool) (time.Duration, error) {
	config := &tls.Config{
		Certificates:       []tls.Certificate{i.Certificate},
		InsecureSkipVerify: true, // it is the other side that is measured
	}
	start := time.Now()
	err := each(n, 16, func(k int) error {
		conn, err := tls.Dial("tcp", address, config)
		if err != nil {
			return err
		}
		i.mu.Lock()
		i.open = append(i.open, conn)
		i.mu.Unlock()
		if device {
			_, err = connect(conn, fmt.Sprint(name, "-", k))
			return err
		}
		_, err = conn.Read(make([]byte, 1))
		return err
	})
	return time.Since(start), err
}

func (i *identity) close() {
	for _, conn := range i.open {
		conn.Close()
	}
}

// tlsPeer is a TLS server that asks for a certificate and does nothing else.
func tlsPeer() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates:     []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientAuth:       tls.RequireAnyClientCert,
		CurvePreferences: []tls.CurveID{tls.CurveP256},
	})
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go greet(conn)
	}
}

// greet sends the byte that tells a client that the handshake is over, and leaves the connection
// open.
func greet(conn net.Conn) {
	if _, err := conn.Write([]byte{0}); err != nil {
		fmt.Fprintln(os.Stderr, "tls peer:", err)
		conn.Close()
	}
}
