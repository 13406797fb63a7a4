package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"

	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/internal/endpoints"
	"github.com/drover-iot/drover/internal/tlsutil"
)

// listeners are the open doors of a server; nil ones are turned off.
type listeners struct {
	http, mqtt, mqtts net.Listener
	https             *split
}

// listen opens every listener that is configured, or none.
func listen(ctx context.Context, c Config, certificate tls.Certificate) (l listeners, err error) {
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	open := func(flag, address string) (net.Listener, error) {
		if address == "" {
			return nil, nil
		}
		opened, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		return opened, nil
	}
	if l.http, err = open("--http", c.HTTP); err != nil {
		return l, err
	}
	if l.mqtt, err = open("--mqtt", c.MQTT); err != nil {
		return l, err
	}
	mqtts, err := open("--mqtts", c.MQTTS)
	if err != nil {
		return l, err
	}
	if mqtts != nil {
		l.mqtts = tls.NewListener(mqtts, tlsutil.ServerConfig(certificate, tls.RequireAnyClientCert, alpnMQTT, "mqtt"))
	}
	https, err := open("--https", c.HTTPS)
	if err == nil && https != nil {
		l.https = newSplit(tls.NewListener(https, tlsutil.ServerConfig(certificate, tls.RequestClientCert, alpnMQTT, alpnHTTP, alpnHTTP1)))
	}
	return l, err
}

func (l listeners) close() {
	for _, one := range []net.Listener{l.http, l.mqtt, l.mqtts} {
		if one != nil {
			one.Close()
		}
	}
	if l.https != nil {
		l.https.Close()
	}
}

// endpoints says where the listeners are, under the names of endpoints.json.
func (l listeners) endpoints() (e endpoints.File) {
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
	return e
}

// serverCertificate reads the server's certificate, or has the development CA issue one for the hosts.
func serverCertificate(dir string, ca *tlsutil.Authority, hosts []string) (tls.Certificate, error) {
	certificate, key := filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key")
	loaded, err := tls.LoadX509KeyPair(certificate, key)
	if !errors.Is(err, fs.ErrNotExist) {
		return loaded, err
	}
	certificatePEM, keyPEM, err := ca.IssueServer(hosts)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := disk.Write(key, keyPEM, 0o600); err != nil {
		return tls.Certificate{}, err
	}
	if err := disk.Write(certificate, certificatePEM, 0o644); err != nil {
		return tls.Certificate{}, err
	}
	return tls.LoadX509KeyPair(certificate, key)
}
