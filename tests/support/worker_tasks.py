"""Tasks for workers, as the text of a module that they import."""

TASKS = """
import os, signal, sys, time
import fusion.runtime.workers as workers

def double(number):
    workers.send_message(("doubling", number))
    return 2 * number

def fail(number):
    raise ValueError(f"no {number}")

def die(number):
    print("last words", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

def sleep(path):
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(60)
"""
