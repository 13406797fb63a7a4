// Package authorizer decides about clients that a custom authorizer lets connect (docs/spec/33,
// R-ID-90 to R-ID-97): which authorizer a client asks for, whether its token is signed, what the
// function outside is asked, and what its answer allows. It asks nobody itself.
//
// Start with Client and Client.Choice, then Question and Read.
package authorizer
