"""What is released: the sdist, the wheel in an empty environment, and what is said about both."""
