"""The web page of the detector, and the small gateway that serves it.

`app` is the application, `gateway` runs it in a thread, `python -m serving.web` runs it alone. `judge` asks the model
server through `serving.client`; `static` is the page itself, plain files with no build step. A process that serves
the page holds neither TensorFlow nor numpy, and keeps nothing of an image once it is answered.
"""
