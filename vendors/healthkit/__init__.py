"""Apple HealthKit, read by the companion app, and the export of the Health app: see README.md."""
