"""An OpenID Connect provider for development: five demo sign-ins and the simulated patients. Never for production."""
