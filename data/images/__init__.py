"""One image at a time: reading it, checking that it can be used, and measuring what it is.

What may not live here: anything that needs to know of a second image.
"""
