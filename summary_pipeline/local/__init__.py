"""The embedded stack: real protocols on loopback, without credentials, Docker or root.

Belongs here: starting, supervising and describing the servers, and the demo. Does not belong here: anything that
production needs; nothing outside this package but the command line imports it.
"""
