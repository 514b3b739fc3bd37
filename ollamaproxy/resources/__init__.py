"""Ollama's endpoints, as a tree of resources."""
