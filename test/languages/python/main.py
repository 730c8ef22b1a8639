"""Reads tasks from the standard input, one a line, and writes what the named client saw of each."""

import importlib
import json
import os
import sys
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor

import seen as seeing

# What libraries print is no reply.
replies = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
warnings.simplefilter("ignore")


def reply(**line):
    replies.write(json.dumps(line) + "\n")


def run(ask, task):
    seen = seeing.Seen()
    try:
        try:
            ask(task, seen)
        except Exception as error:
            seen.fail(error)
        reply(id=task["id"], seen=seen.shown())
    except BaseException:
        reply(id=task["id"], crash=traceback.format_exc()[-2000:])


client = importlib.import_module(sys.argv[1])
with ThreadPoolExecutor(48) as pool:
    for line in sys.stdin:
        pool.submit(run, client.ask, json.loads(line))
