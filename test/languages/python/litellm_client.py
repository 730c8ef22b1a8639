"""litellm, by its own completion."""

import litellm

from seen import KEY, PATIENCE, body

litellm.suppress_debug_info = True
litellm.telemetry = False


def ask(task, seen):
    request = body(task)
    request["model"] = f"openai/{task['model']}"
    answer = litellm.completion(api_base=task["baseURL"], api_key=KEY, timeout=PATIENCE, **request)
    for piece in answer if task["stream"] else [answer]:
        seen.add(piece.model_dump())
