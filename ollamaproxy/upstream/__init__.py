"""The side that faces the gateway: connections, requests, and what fails there."""
