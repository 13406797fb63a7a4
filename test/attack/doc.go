// Package attack tries to break the built binary from outside: by floods, slow clients and damaged
// files, without credentials and with those of somebody else. Each test says what must hold
// meanwhile and afterwards.
//
// Its tests take seconds in CI. With DROVER_ATTACK=long, which make attack sets, each attacks for
// longer and with more clients.
package attack
