package deliver

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/registry/sink"
)

// A kafka produces messages to a topic, with the job id as their key: so a job's are in one
// partition, in their order. The producer is idempotent, and waits for all in-sync replicas.
type kafka struct {
	client  *kgo.Client
	attempt time.Duration
}

func (d Dialer) newKafka(t sinks.Target, trust *tls.Config) (*kafka, error) {
	servers, err := t.Servers()
	if err != nil {
		return nil, err
	}
	options := []kgo.Opt{
		kgo.ClientID("drover"),
		kgo.DefaultProduceTopic(t.Subject),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerLinger(0),
		kgo.RecordDeliveryTimeout(max(d.Attempt, time.Second)),
		kgo.UnknownTopicRetries(1),
		kgo.Dialer(kafkaDial(servers[0].Scheme == "kafkas", trust)),
	}
	for _, u := range servers {
		options = append(options, kgo.SeedBrokers(u.Host))
	}
	if t.Username != "" {
		options = append(options, kgo.SASL(mechanism(t)))
	}
	client, err := kgo.NewClient(options...)
	return &kafka{client, d.Attempt}, err
}

// kafkaDial connects to brokers, those too that others name.
func kafkaDial(secure bool, trust *tls.Config) func(
	ctx context.Context, network, place string) (net.Conn, error) {
	if !secure {
		return dial
	}
	return func(ctx context.Context, network, place string) (net.Conn, error) {
		conn, err := dial(ctx, network, place)
		if err != nil {
			return nil, err
		}
		own := trust.Clone()
		if own.ServerName, _, err = net.SplitHostPort(place); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		secured := tls.Client(conn, own)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return secured, nil
	}
}

// mechanism is how the server signs in.
func mechanism(t sinks.Target) sasl.Mechanism {
	user := scram.Auth{User: t.Username, Pass: string(t.Password)}
	switch t.Mechanism {
	case sink.ScramSHA256:
		return user.AsSha256Mechanism()
	case sink.ScramSHA512:
		return user.AsSha512Mechanism()
	}
	return plain.Auth{User: t.Username, Pass: string(t.Password)}.AsMechanism()
}

// Close ends the connections.
func (k *kafka) Close() { k.client.Close() }

// Send produces a message.
func (k *kafka) Send(ctx context.Context, m sinks.Message) error {
	ctx, cancel := context.WithTimeout(ctx, k.attempt)
	defer cancel()
	err := k.client.ProduceSync(ctx, &kgo.Record{
		Key:     []byte(m.Key),
		Value:   m.Body,
		Headers: []kgo.RecordHeader{{Key: "content-type", Value: []byte(sink.ContentType)}},
	}).FirstErr()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge),
		errors.Is(err, kerr.InvalidRecord):
		return &sinks.Refusal{Reason: err.Error(), Final: true}
	}
	return err
}
