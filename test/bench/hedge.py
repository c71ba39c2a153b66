#!/usr/bin/python3
"""A hedging client on asyncio and aiohttp, as one would write it in Python.

Tasks take the lines of standard input and POST each to the first URL; while that has not answered within the hedge
delay, to the next as well. The first 200 wins, the others are cancelled, and one line of JSON is printed for each.

Usage: hedge.py WORKERS DELAY URL... <LINES
"""

import asyncio
import json
import sys
import time

import aiohttp


async def post(session, url, body):
    async with session.post(url, data=body) as response:
        text = await response.text()
        response.raise_for_status()
        return url, response.status, text


async def deliver(session, urls, delay, body):
    """The first success; the last failure is raised."""
    running, waiting, failure = set(), list(urls), None
    try:
        while running or waiting:
            if waiting:
                running.add(asyncio.create_task(post(session, waiting.pop(0), body)))
            done, running = await asyncio.wait(running, timeout=delay if waiting else None,
                                               return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.exception():
                    return task.result()
                failure = task.exception()
        raise failure
    finally:
        for task in running:
            task.cancel()


async def work(session, urls, delay, lines):
    for number, line in lines:
        began = time.monotonic()
        url, status, text = await deliver(session, urls, delay, line.rstrip(b'\n'))
        sys.stdout.write(json.dumps({'event': 'delivered', 'line': number, 'url': url, 'status': status,
                                     't': time.monotonic() - began, 'response': text}) + '\n')


async def main():
    workers, delay, urls = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    lines = enumerate(sys.stdin.buffer, 1)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(work(session, urls, delay, lines) for _ in range(workers)))


asyncio.run(main())
