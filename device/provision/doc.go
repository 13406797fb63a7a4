// Package provision answers devices that provision themselves by a claim: they ask for a certificate,
// and then for what a template says, on reserved topics of MQTT and in JSON or CBOR (docs/spec/33,
// R-ID-45). What they ask for is done by package engine/provision.
//
// Start with Plane.Answer.
package provision
