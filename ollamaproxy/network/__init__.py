"""
What a company's network asks of those who want out of it: proxies, and headers of its own.

Pure: no Twisted, no files, no environment.
"""
