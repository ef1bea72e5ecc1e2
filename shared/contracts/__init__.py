"""The language between services: one module per service that tells or is asked something, and the words they share.

`catalogue` knows them all; importing it enters every fact and command in the registries.
"""
