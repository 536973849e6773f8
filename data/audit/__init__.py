"""Can something other than the face tell the label? And what do the records hold?

Reads what an import has left; changes nothing.
"""
