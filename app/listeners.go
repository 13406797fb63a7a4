package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/internal/connlimit"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/endpoints"
	"github.com/drover-iot/drover/internal/tlsutil"
)

// listeners are the open listeners of a server. One that is turned off is nil.
type listeners struct {
	http, mqtt, mqtts net.Listener
	https             *gateway.Split // HTTPS, and MQTT by ALPN
	admin             net.Listener   // metrics and probes
}

// listen opens every listener that is configured. Their connections count together. After an error
// none is open.
func listen(
	ctx context.Context, c Config, certificate *tlsutil.Current, limiter *connlimit.Limiter,
) (l listeners, err error) {
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	open := func(setting, address string) (net.Listener, error) {
		opened, err := listenOn(ctx, c.named(setting), address)
		if err != nil || opened == nil {
			return nil, err
		}
		return limiter.Listen(opened), nil
	}
	if l.http, err = open("http", c.HTTP); err != nil {
		return l, err
	}
	if l.mqtt, err = open("mqtt", c.plainMQTT()); err != nil {
		return l, err
	}
	mqtts, err := open("mqtts", c.MQTTS)
	if err != nil {
		return l, err
	}
	if mqtts != nil {
		l.mqtts = tls.NewListener(mqtts, gateway.MQTTConfig(certificate))
	}
	https, err := open("https", c.HTTPS)
	if err == nil && https != nil {
		l.https = gateway.NewSplit(tls.NewListener(https, gateway.HTTPSConfig(certificate)))
	}
	return l, err
}

// listenOn opens one listener, whose setting messages call name; nil for no address.
func listenOn(ctx context.Context, name, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	opened, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return opened, nil
}

// close closes what is open.
func (l listeners) close() {
	for _, one := range []net.Listener{l.http, l.mqtt, l.mqtts, l.admin} {
		if one != nil {
			one.Close()
		}
	}
	if l.https != nil {
		l.https.Close()
	}
}

// endpoints are the addresses of the listeners as URLs, with the ports that the system has chosen
// where none was configured. That of a listener that is turned off is empty. overTLS says what the
// admin listener speaks.
func (l listeners) endpoints(overTLS bool) (e endpoints.File) {
	if l.http != nil {
		e.HTTP = "http://" + l.http.Addr().String()
	}
	if l.https != nil {
		e.HTTPS = "https://" + l.https.Addr().String()
	}
	if l.mqtt != nil {
		e.MQTT = "mqtt://" + l.mqtt.Addr().String()
	}
	if l.mqtts != nil {
		e.MQTTS = "mqtts://" + l.mqtts.Addr().String()
	}
	if l.admin != nil {
		e.Admin = "http://" + l.admin.Addr().String()
		if overTLS {
			e.Admin = "https://" + l.admin.Addr().String()
		}
	}
	return e
}

// serverCertificate reads the server's certificate and key, or makes them: signed by the
// development CA, for these hosts. An operator may put other files in their place, which are never
// replaced.
func serverCertificate(dir string, ca *tlsutil.Authority, hosts []string) (tls.Certificate, error) {
	certificate := filepath.Join(dir, "server.pem")
	key := filepath.Join(dir, "server.key")
	loaded, err := loadKeyPair(certificate, key)
	if !errors.Is(err, fs.ErrNotExist) {
		return loaded, err
	}
	certificatePEM, keyPEM, err := ca.IssueServer(hosts)
	if err != nil {
		return tls.Certificate{}, err
	}
	// The key first: a crash between the two leaves no certificate, so both are made again.
	if err := disk.Write(key, keyPEM, 0o600); err != nil {
		return tls.Certificate{}, err
	}
	if err := disk.Write(certificate, certificatePEM, 0o644); err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificatePEM, keyPEM)
}

// loadKeyPair reads a certificate and its key, which must be private.
func loadKeyPair(certificate, key string) (tls.Certificate, error) {
	certificatePEM, err := os.ReadFile(certificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM, err := disk.ReadPrivate(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(certificatePEM, keyPEM)
	if err != nil {
		return pair, fmt.Errorf("%s and %s: %w", certificate, key, err)
	}
	return pair, nil
}
