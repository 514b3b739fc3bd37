// Package runner stands in for Ollama's own: see package server.
package runner

import "errors"

// Execute fails.
func Execute([]string) error { return errors.New("built without a runner") }
