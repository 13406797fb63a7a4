// Package mqtt is the server's side of the MQTT 3.1.1 and MQTT 5 wire formats. It cuts a byte
// stream into control packets, decodes those that clients send, encodes those that servers send,
// and answers questions about topic names and topic filters.
//
// It knows no connections, sessions or policies, starts no goroutine and reads no clock. It imports
// nothing of this module. What breaks the standard is returned as an *Error, which carries the
// reason code to answer with.
//
// Decoders do not copy: byte slices of a decoded packet point into the buffer of the Reader and are
// valid until the next call of Next. Strings are copies.
//
// Start reading at packet.go (the packets), then reader.go (the stream) and publish.go (the packet
// that matters most).
package mqtt
