"""instructor, which wants an object where there is a tool."""

import instructor
from openai import OpenAI
from pydantic import BaseModel

from seen import KEY, PATIENCE, body


class get_weather(BaseModel):
    city: str


def ask(task, seen):
    request = body(task)
    streams = request.pop("stream", False)
    tools = request.pop("tools", None)
    with OpenAI(base_url=task["baseURL"], api_key=KEY, timeout=PATIENCE) as plain:
        client = instructor.from_openai(plain)
        if tools is None:
            answer = client.chat.completions.create(response_model=None, stream=streams, **request)
            for piece in answer if streams else [answer]:
                seen.add(piece.model_dump())
            return
        seen.hides("finish", "usage")
        if streams:
            made = None
            for made in client.chat.completions.create_partial(response_model=get_weather, **request):
                pass
        else:
            made = client.chat.completions.create(response_model=get_weather, **request)
        # As it would be written in a call.
        seen.call("get_weather", '{"city": "%s"}' % made.city)
