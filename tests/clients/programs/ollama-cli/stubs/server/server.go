// Package server stands in for Ollama's own, which needs its engine of C++.
//
// The command line is built for tests that have another server: it is Ollama's in all but the
// commands "serve" and "runner", and "create" from files.
package server

import (
	"errors"
	"net"
)

// Serve fails.
func Serve(net.Listener) error { return errors.New("built without a server") }
