"""Making images out of images of the training split: fakes to learn from, and controls that teach what is no fake.

* ``maker.py`` is the interface, ``makers/`` holds those that need no trained model;
* ``parents.py`` finds the images that may be edited, ``encoding.py`` saves a child as its parent was saved;
* ``journal.py`` remembers what has been made, ``synthesizing.py`` (start here) runs it all, ``gallery.py`` shows it.

What may not live here: anything that trains, or that needs a model of ours. The maker of adversarial images is in
``components.attacks``.
"""
