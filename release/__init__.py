"""What makes a release of a commit: sdist, wheel, bill of materials; and the audit."""
