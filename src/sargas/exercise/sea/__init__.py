"""The simulated sea: lanes, a fleet that sails them, and the reports that receivers hear.

It stands in for the months of real traffic that cannot be shipped. All of it is drawn from seeds
and settings, and every number that comes from it is called *simulated*. What it is not: ships do
not see each other and do not keep clear; there is no tide, current or ice; water is as deep as a
coarse grid says; receivers are spots of better and worse hearing, not stations with a horizon.
"""
