"""What a person sees while a command works and when it is done.

Nothing here decides anything; importing it loads neither TensorFlow nor TFX.
"""
