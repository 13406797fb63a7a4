// Package provision is the use cases of provisioning: templates, the certificates that devices get
// by a claim, and making what a template asks for, all of it in one commit or nothing.
//
// Start with provision.go. The language of templates is package registry/provisioning, and how
// devices ask is package device/provision.
package provision
