// Package tlsutil makes keys, certificates and TLS settings: the authority that signs the server's
// certificate, the authority that signs those of devices, and the TLS of a listener.
//
// It knows no registry: whether a device may connect is decided elsewhere. It uses the real clock,
// because what secures a connection does not follow a virtual one. Start reading at authority.go.
package tlsutil
