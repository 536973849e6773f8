"""From any source of images to TFRecords ready for the pipeline.

What lives here, in the order an image meets it:

* ``sources/`` lists the images of a data set, each with its label;
* ``decode_check.py`` refuses what training could not decode (``quarantine.py`` names the reasons);
* ``perceptual_hash.py``, ``neighbours.py`` and ``groups.py`` find images that must stay together;
* ``splits.py`` deals the groups out to train, val and test;
* ``example.py`` and ``schema.pbtxt`` are the record format, ``shards.py`` writes it;
* ``importing.py`` runs all of this on Beam, ``card.py`` and ``fingerprint.py`` describe the result;
* ``demo_faces.py`` and ``demo_tampering.py`` draw a small data set to try the project with.

What may not live here: anything that knows of TFX, a model or a server. Importing this package, or its light
modules (errors, example, card, fingerprint, sources), loads neither TensorFlow nor Beam.
"""
