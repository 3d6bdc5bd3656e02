"""Writes the contract's documents for agencies: AsyncAPI, the kit's JSON Schemas, and a readable catalogue. Imports `contracts` only."""
