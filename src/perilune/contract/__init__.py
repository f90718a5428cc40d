"""What every edge answers with: the envelope, and the rows and units inside it."""
