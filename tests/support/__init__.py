"""What the tests of all parts share: real servers, found, in containers or from wheels."""
