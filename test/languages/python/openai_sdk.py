"""The official client, a stream read chunk by chunk."""

from openai import OpenAI

from seen import KEY, PATIENCE, body


def ask(task, seen):
    with OpenAI(base_url=task["baseURL"], api_key=KEY, timeout=PATIENCE) as client:
        answer = client.chat.completions.create(**body(task))
        for piece in answer if task["stream"] else [answer]:
            seen.add(piece.model_dump())
