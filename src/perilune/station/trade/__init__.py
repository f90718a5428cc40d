"""Trade-offs: which designs of a station no other design betters in all that counts."""
