// Package create stands in for Ollama's own: see package server.
package create

// IsSafetensorsModelDir finds no models.
func IsSafetensorsModelDir(string) bool { return false }
