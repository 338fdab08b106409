"""Tests of the shipped geography, the registers, the readers and the importer."""
