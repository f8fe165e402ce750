"""Smart inhalers of partners, by contract: see README.md."""
