"""The past runs of a workspace, as ML Metadata knows them; importing it loads neither TFX nor TensorFlow."""
