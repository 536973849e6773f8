"""From any source of images to TFRecords ready for the pipeline.

What lives here, in the order an image meets it:

* ``sources/`` lists the images of a data set, each with its label, wherever its files lie;
* ``images/`` looks at one image at a time: reads, checks, measures, hashes, saves it anew where asked;
* ``inspection.py`` (pass 1) and ``shards.py`` (pass 2) do so for all of them, on Beam (``beam_passes.py``), with
  files (``listing.py``) and one columnar table (``image_table.py``) in between;
* ``partition/`` finds which images belong together, and deals groups out to splits and subsets;
* ``audit/`` asks whether something other than the face tells the label;
* ``example.py`` and ``schema.pbtxt`` are the record format, ``record_folder.py`` says where what lies;
* ``importing.py`` runs all of this, ``card.py``, ``import_lists.py``, ``content_hash.py`` and ``fingerprint.py``
  describe the result;
* ``subset_records.py`` copies a subset; ``demo/`` draws a small data set to try the project with.

What may not live here: anything that knows of TFX, a model or a server. Importing this package, or its light
modules (errors, example, card, record_folder, sources), loads neither TensorFlow nor Beam.
"""
