"""The side that faces the clients: HTTP, up to the point where a resource takes over."""
