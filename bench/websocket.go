package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/coder/websocket"

	"github.com/drover-iot/drover/internal/sigv4"
)

// webSocketRow measures what a device costs that is connected over WebSocket and TLS, and idle.
func webSocketRow(ctx context.Context, server *process, idle int) error {
	address, err := server.webSocketURL(ctx)
	if err != nil {
		return err
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the other side is measured
	}
	open := func(name string) func(int) error {
		return func(k int) error {
			//nolint:bodyclose // Dial says that nobody has to
			socket, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{
				HTTPClient:   &http.Client{Transport: transport},
				Subprotocols: []string{"mqtt"},
			})
			if err != nil {
				return err
			}
			conn := websocket.NetConn(ctx, socket, websocket.MessageBinary)
			_, err = connect(conn, fmt.Sprint(name, "-", k))
			return err
		}
	}
	if err := each(100, 16, open("ws-warm")); err != nil {
		return err
	}
	before := server.memory()
	start := time.Now()
	if err := each(idle, 16, open("ws")); err != nil {
		return err
	}
	took := time.Since(start)
	time.Sleep(time.Second)
	grown := server.memory() - before
	row("MQTT devices over WebSocket, signed, connecting", perSecond(int64(idle), took), "")
	row(fmt.Sprintf("memory of the server per idle WebSocket device, of %d", idle),
		fmt.Sprintf("%.1f KB", float64(grown)/float64(idle)), "45 KB")
	return nil
}

// webSocketURL is where devices open a WebSocket, signed.
func (p *process) webSocketURL(ctx context.Context) (string, error) {
	e := p.endpoints
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.HTTPS+"/mqtt", nil)
	if err != nil {
		return "", err
	}
	key := aws.Credentials{AccessKeyID: e.AccessKeyID, SecretAccessKey: e.SecretAccessKey}
	signed, _, err := v4.NewSigner().PresignHTTP(
		ctx, key, r, sigv4.Hash(nil), "iotdevicegateway", e.Region, time.Now())
	return signed, err
}
