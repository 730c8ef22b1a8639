"""The official client, with its helper that puts a stream together."""

from openai import OpenAI

from seen import KEY, PATIENCE, body


def ask(task, seen):
    request = body(task)
    with OpenAI(base_url=task["baseURL"], api_key=KEY, timeout=PATIENCE) as client:
        if request.pop("stream", False):
            with client.chat.completions.stream(**request) as stream:
                for _ in stream:
                    pass
                answer = stream.get_final_completion()
        else:
            answer = client.chat.completions.create(**request)
        seen.add(answer.model_dump())
