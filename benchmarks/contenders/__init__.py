"""The contenders, one module each: a function for each workload prepares its work.

A module is imported in the contender's own process only. What a user of that library would
write is what is timed: its documented calls, as most scripts have them, and as a variant with the
settings that its documentation recommends for speed, where it has some.
"""
