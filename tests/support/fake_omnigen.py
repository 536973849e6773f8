"""A process that speaks as OmniGen's worker does and inverts images, or goes wrong as `$FAKE_OMNIGEN` says."""

import json
import os
import signal
import sys
import time

orders, answers = sys.stdin.buffer, sys.stdout.buffer
wrong = os.environ.get("FAKE_OMNIGEN", "")


def say(message, content=b""):
    answers.write(json.dumps(message).encode() + b"\n" + content)
    answers.flush()


def refuse(kind):
    say({"error": f"no {kind} here", "kind": kind})
    sys.exit("Traceback: " + kind)


while line := orders.readline():
    order = json.loads(line)
    if order["do"] == "start":
        if wrong in ("environment", "device"):
            refuse(wrong)
        say({"device": "cpu", "dtype": "float32", "libraries": {"torch": "0", "diffusers": "0"}})
        continue
    height, width = order["size"]
    pixels = orders.read(height * width * 3)
    inverted = bytes(255 - value for value in pixels)
    for step in range(order["steps"]):
        time.sleep(0.05)
        say({"step": step + 1})
    if wrong == "dies":
        sys.stderr.write("first\nlast words\n")
        sys.stderr.flush()
        os._exit(3)
    if wrong == "is killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if wrong == "hangs":
        time.sleep(60)
    if wrong == "babbles":
        answers.write(b"\xff not JSON\n")
        answers.flush()
    if wrong == "never ends a line":
        answers.write(b"x" * 100_000)
        answers.flush()
    if wrong == "wrong size":
        say({"size": [height, width + 16]}, inverted)
    if wrong == "half":
        say({"size": [height, width]}, inverted[: len(inverted) // 2])
        sys.exit()
    if wrong == "other answer":
        say({"done": True})
    if wrong in ("memory", "weights", "edit"):
        refuse(wrong)
    with open(os.environ["FAKE_OMNIGEN_ORDERS"], "a") as log:
        log.write(json.dumps(order) + "\n")
    say({"size": [height, width]}, inverted)
