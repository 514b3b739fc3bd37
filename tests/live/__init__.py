"""The daemon on real sockets and in processes of its own, without a real gateway."""
