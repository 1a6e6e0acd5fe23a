"""Functions that the tests of the embedded cloud run in real workers."""

import json
import logging
import os
import time
from pathlib import Path

import boto3

STARTED = time.time()


def echo(event, context):
    print("echo prints")
    logging.getLogger().warning("echo warns")
    return {"event": event, "pid": os.getpid(), "request_id": context.aws_request_id, "started": STARTED}


def environment(_event, _context):
    return {"variables": dict(os.environ), "directory": str(Path.cwd())}


def raises(_event, _context):
    raise ValueError("no good")


def sleeps(event, _context):
    time.sleep(event["seconds"])
    return os.getpid()


def exits(_event, _context):
    os._exit(3)


def answers_too_much(_event, _context):
    return "x" * 7_000_000


def asks_who_it_is(_event, _context):
    return boto3.client("sts").get_caller_identity()["Arn"]


def fails_bad_records(event, _context):
    bad = [record["messageId"] for record in event["Records"] if "bad" in record["body"]]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}


def copies_to_queue(event, _context):
    """Sends what it got to the queue in OUTPUT, for a test to look at."""
    boto3.client("sqs").send_message(QueueUrl=os.environ["OUTPUT"], MessageBody=json.dumps(event))
