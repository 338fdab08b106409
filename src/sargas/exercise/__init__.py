"""Exercises: scenarios laid over real traffic, always marked EXERCISE.

An exercise is a stream of AIS sentences like any other. Its receiving station is called
`EXERCISE-<name>`, which is how every later step knows that none of it may pass for real.
"""
