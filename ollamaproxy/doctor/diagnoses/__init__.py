"""What facts mean, in words for a person who does not know this program's code.  Pure."""
