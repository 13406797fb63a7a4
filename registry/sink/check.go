package sink

import (
	"net/url"
	"slices"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/outside"
)

// Schemes are those of the URLs of a kind, the ones with TLS last.
func schemes(k Kind) []string {
	switch k {
	case NATS:
		return []string{"nats", "tls"}
	case Kafka:
		return []string{"kafka", "kafkas"}
	}
	return []string{"http", "https"}
}

// Check refuses a definition that no server could send by (R-SNK-1, R-SNK-13).
func (d Definition) Check() error {
	servers, err := d.Servers()
	if err != nil {
		return err
	}
	secure := servers[0].Scheme == schemes(d.Kind)[1]
	local := !slices.ContainsFunc(servers, func(u *url.URL) bool { return !outside.IsLoopback(u.Hostname()) })
	switch {
	case d.Kind == Webhook && !secure && !local:
		return fault.New(fault.Invalid, "url: %s must be https: http is for loopback only", d.URL)
	case d.Kind != Webhook && d.Subject == "" && d.Kind == Kafka:
		return fault.New(fault.Invalid, "subject: a sink of Kafka needs the name of a topic")
	case d.Kind == Webhook && d.Subject != "":
		return fault.New(fault.Invalid, "subject: a webhook has none")
	case (d.Username == "") != (len(d.Secrets.Password) == 0):
		return fault.New(fault.Invalid, "username and password: both or none")
	case d.Username != "" && d.Kind != Kafka:
		return fault.New(fault.Invalid, "username: a sink of the kind %s has none", d.Kind)
	case d.Username != "" && !secure && !local:
		return fault.New(fault.Invalid, "url: a password needs kafkas:// beyond loopback")
	case len(d.Secrets.Credentials) > 0 && d.Kind != NATS:
		return fault.New(fault.Invalid, "credentials: a sink of the kind %s has none", d.Kind)
	case len(d.Secrets.Signing) > 0 != (d.Kind == Webhook):
		return fault.New(fault.Invalid, "secret: a sink of the kind %s has none", d.Kind)
	}
	if d.Subject != "" && d.Kind == NATS {
		if err := checkSubject(d.Subject); err != nil {
			return err
		}
	}
	return checkTopics(d.Topics)
}

// Servers are the addresses of the URL: one, or several with commas between them. All have the
// scheme of the first.
func (d Definition) Servers() (found []*url.URL, err error) {
	parts := []string{d.URL}
	if d.Kind != Webhook {
		parts = strings.Split(d.URL, ",")
	}
	for _, text := range parts {
		text = strings.TrimSpace(text)
		if len(found) > 0 && !strings.Contains(text, "://") {
			text = found[0].Scheme + "://" + text
		}
		u, err := d.server(text)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 && u.Scheme != found[0].Scheme {
			return nil, fault.New(fault.Invalid, "url: %s has more than one scheme", d.URL)
		}
		found = append(found, u)
	}
	return found, nil
}

// server reads one address.
func (d Definition) server(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, fault.New(fault.Invalid, "url: is not the address of a server")
	case !slices.Contains(schemes(d.Kind), u.Scheme):
		return nil, fault.New(fault.Invalid, "url: a sink of the kind %s has the scheme %s",
			d.Kind, strings.Join(schemes(d.Kind), " or "))
	case u.User != nil: // not repeated: it has a password
		return nil, fault.New(fault.Invalid, "url: must have no user and no password")
	case u.Fragment != "":
		return nil, fault.New(fault.Invalid, "url: must have no fragment")
	case d.Kind != Webhook && (u.Path != "" && u.Path != "/" || u.RawQuery != ""):
		return nil, fault.New(fault.Invalid, "url: must have no path and no query")
	}
	return u, nil
}

// checkTopics refuses what is no MQTT topic filter.
func checkTopics(filters []string) error {
	for _, filter := range filters {
		levels := strings.Split(filter, "/")
		for i, level := range levels {
			wild := strings.ContainsAny(level, "+#")
			if wild && len(level) > 1 || level == "#" && i < len(levels)-1 || filter == "" {
				return fault.New(fault.Invalid, "topics: %q is no MQTT topic filter", filter)
			}
		}
	}
	return nil
}

// DefaultSubject is that of a sink of NATS that has none.
const DefaultSubject = "drover.events.{kind}.{jobId}.{operation}"

// checkSubject refuses what cannot be a subject of NATS.
func checkSubject(subject string) error {
	plain := Event{Kind: "k", JobID: "j", Operation: "o"}.fill(subject)
	for token := range strings.SplitSeq(plain, ".") {
		if token == "" || strings.ContainsAny(token, " \t\r\n*>{}") {
			return fault.New(fault.Invalid, "subject: %q is no subject of NATS; "+
				"its placeholders are {kind}, {jobId} and {operation}", subject)
		}
	}
	return nil
}
