"""Which images stay together, which split they go to, which subset they are in.

Works on the small facts of each image; opens none. What may not live here: reading or writing records.
"""
