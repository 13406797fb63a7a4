package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/schema"
)

// drover keys: the operator keys of a data folder, or of all servers on a database. A server that
// runs on them accepts and refuses what is changed at once or within a second; none needs to run.

// keyVerbs are the verbs of drover keys.
func keyVerbs() []verb {
	return []verb{
		{"create", "[--name NAME] [--role ROLE] [--policy POLICY...] [options]", createKey},
		{"list", "[options]", listKeys},
		{"delete", "ID [options]", deleteKey},
		{"env", "[options]", showEnvironment},
		{"urls", "[options]", showURLKey},
	}
}

// The help texts of drover keys. Each ends with whereKeysAre.
const (
	createKeyAbout = "Make another operator key and print it as variables for a shell. " +
		"The servers accept it at once. Its secret is not shown again.\n\n" +
		"The role says what the key may do: a viewer reads; an operator also changes jobs, job " +
		"executions, templates, things, groups, types, tags and artifacts; an admin also changes " +
		"certificates, policies and what is attached to them, the configuration of events and " +
		"indexing, and a virtual clock. A device does none of that: its key is for MQTT over " +
		"WebSocket. A role stays as it is: for another one make another key.\n\n" +
		"Over MQTT the policies of the key decide what it may do, those that are given by " +
		"--policy. Without any, operators and admins may do everything there, and others nothing." +
		whereKeysAre
	listKeysAbout  = "List the operator keys and their roles, without their secrets." + whereKeysAre
	deleteKeyAbout = "Delete the operator key with this access key id. " +
		"No server accepts it a second later." + whereKeysAre
	showURLKeyAbout = "Print the key pair that presigned URLs are signed with as long as no " +
		"credential of an object store is configured, for an object store to be given." + whereKeysAre

	whereKeysAre = "\n\nThe keys are those of a data folder or, with --store, those of all servers on a " +
		"database. There they are encrypted with a secret: that of --secret-file, of the variable " +
		"DROVER_SECRET, or of the file secret.key in the data folder. Like drover serve this reads " +
		"DROVER_DATA, DROVER_STORE and the other variables, and the file of --config or DROVER_CONFIG: " +
		"with the configuration of a server it finds the keys of that server."
)

// A keysCommand is one call of drover keys.
type keysCommand struct {
	*flag.FlagSet
	settings *serverSettings
	config   app.Config
}

// newKeysCommand makes the options that all verbs have.
func newKeysCommand(verb string) *keysCommand {
	settings := newLocalSettings("keys "+verb, "data", "store", "secret-file")
	return &keysCommand{FlagSet: settings.flags, settings: settings}
}

// read reads the words of a call and the environment. It returns the words that are no options, of
// which there must be so many.
func (k *keysCommand) read(args []string, how, about string, words int) ([]string, error) {
	read, err := parseWords(k.FlagSet, args, how, about)
	if err != nil {
		return nil, err
	}
	if len(read) != words {
		return nil, wrongWords(k.FlagSet)
	}
	k.config, err = k.settings.readLocal()
	return read, err
}

// use calls f with the keys.
func (k *keysCommand) use(ctx context.Context, f func(*gateway.Keys) error) error {
	keys, done, err := app.OpenKeys(ctx, k.config)
	if err != nil {
		return err
	}
	defer done()
	return f(keys)
}

// createKey makes an operator key.
func createKey(ctx context.Context, how string, args []string) error {
	k := newKeysCommand("create")
	name := k.String("name", "", "`name` of the key, to tell it from others (default: key-N)")
	role := k.String("role", string(schema.Admin),
		"`role` of the key: device, viewer, operator or admin, who may do everything")
	var policies []string
	k.Func("policy", "`name` of a policy for what the key does over MQTT; may be given several times",
		func(name string) error { policies = append(policies, name); return nil })
	if _, err := k.read(args, how, createKeyAbout, 0); err != nil {
		return err
	}
	may, err := schema.ParseRole(*role)
	if err != nil {
		return wrongValue(k.FlagSet, "--role: %v", err)
	}
	if may == schema.Device && len(policies) == 0 {
		return wrongValue(k.FlagSet, "--role: a device needs --policy; without one it may do nothing")
	}
	return k.use(ctx, func(keys *gateway.Keys) error {
		key, err := keys.Create(*name, may, policies...)
		if err != nil {
			return err
		}
		fmt.Printf("export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s\n",
			key.AccessKeyID, key.SecretAccessKey)
		return nil
	})
}

// listKeys lists the operator keys.
func listKeys(ctx context.Context, how string, args []string) error {
	k := newKeysCommand("list")
	if _, err := k.read(args, how, listKeysAbout, 0); err != nil {
		return err
	}
	return k.use(ctx, func(keys *gateway.Keys) error {
		all, err := keys.All()
		if err != nil {
			return err
		}
		table := overview.Table{Titles: []string{"ID", "CREATED", "ROLE", "NAME", "POLICIES"}}
		for _, key := range all {
			table.Rows = append(table.Rows, []overview.Cell{
				{Text: key.AccessKeyID},
				{Text: key.CreatedAt.Format(time.RFC3339)},
				{Text: string(key.Role)},
				{Text: key.Name},
				{Text: strings.Join(key.Policies, ", ")},
			})
		}
		fmt.Print(table.String(0, false))
		return nil
	})
}

// deleteKey deletes an operator key.
func deleteKey(ctx context.Context, how string, args []string) error {
	k := newKeysCommand("delete")
	words, err := k.read(args, how, deleteKeyAbout, 1)
	if err != nil {
		return err
	}
	return k.use(ctx, func(keys *gateway.Keys) error { return keys.Delete(words[0]) })
}

// showURLKey prints the key pair of presigned URLs, by the names of the variables in which a server
// or the tools of an object store take a key pair.
func showURLKey(ctx context.Context, how string, args []string) error {
	k := newKeysCommand("urls")
	if _, err := k.read(args, how, showURLKeyAbout, 0); err != nil {
		return err
	}
	key, err := app.URLKey(ctx, k.config)
	if err != nil {
		return err
	}
	fmt.Printf("export DROVER_S3_ACCESS_KEY_ID=%s DROVER_S3_SECRET_ACCESS_KEY=%s\n",
		key.AccessKeyID, key.SecretAccessKey)
	return nil
}
