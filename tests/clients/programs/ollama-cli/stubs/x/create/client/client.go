// Package client stands in for Ollama's own: see package server.
package client

import (
	"errors"

	"github.com/ollama/ollama/parser"
	"github.com/ollama/ollama/progress"
)

// ModelfileConfig has what the command line looks at.
type ModelfileConfig struct {
	Draft string
}

// CreateOptions has what the command line says.
type CreateOptions struct {
	ModelName     string
	ModelDir      string
	Quantize      string
	DraftQuantize string
	Modelfile     *ModelfileConfig
}

var errNoEngine = errors.New("built without an engine")

// ConfigFromModelfile fails.
func ConfigFromModelfile(*parser.Modelfile) (string, *ModelfileConfig, error) {
	return "", nil, errNoEngine
}

// CreateModel fails.
func CreateModel(CreateOptions, *progress.Progress) error { return errNoEngine }
