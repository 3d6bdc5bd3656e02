"""Generator of the documents for agencies: AsyncAPI, JSON Schemas for the agency client library (kit), and a catalogue of events. Imports `contracts` only."""
