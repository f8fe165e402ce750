"""The clouds of vendors as they behave: sign-in, data, limits, faults and notifications. In memory, for development."""
