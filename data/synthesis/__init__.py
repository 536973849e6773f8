"""Making images out of images of the training split: fakes to learn from, and controls that teach what is no fake.

* ``maker.py`` is the interface, ``makers/`` holds those that need no trained model;
* ``opening.py`` finds the images that may be edited, ``drawing.py`` deals them out to children;
* ``making.py`` makes a batch, ``encoding.py`` saves a child as its parent was saved, ``journal.py`` remembers it;
* ``auditing.py`` asks what else tells child from parent, ``gallery.py`` shows them;
* ``synthesizing.py`` (start here) runs it all.

What may not live here: anything that trains, or that needs a model of ours. The maker of adversarial images is in
``components.attacks``.
"""
