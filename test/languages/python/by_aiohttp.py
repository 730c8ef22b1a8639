"""A reader by hand, with aiohttp and without retries."""

import asyncio
import json

import aiohttp

from seen import KEY, PATIENCE, body


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


async def read(task, seen):
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_read=PATIENCE, connect=PATIENCE)) as session:
        async with session.post(
            f"{task['baseURL']}/chat/completions", json=body(task), headers={"authorization": f"Bearer {KEY}"}
        ) as answer:
            if answer.status >= 400:
                raise Refused(answer.status, await answer.text())
            if not task["stream"]:
                seen.add(await answer.json())
                return
            async for line in answer.content:
                data = line.decode().removeprefix("data: ").strip()
                if data == "[DONE]":
                    return
                if line.startswith(b"data: "):
                    seen.add(json.loads(data))


def ask(task, seen):
    asyncio.run(read(task, seen))
