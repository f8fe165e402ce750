"""What the house agrees on with outside parties: the manifest (`manifest`), the answer of a mapping (`normalized`),
and the pure helpers that every mapping is made of (`building`, `quantities`, `instants`)."""
