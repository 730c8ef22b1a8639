"""llama-index, by its client for what is like OpenAI."""

from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

from seen import KEY, PATIENCE, PROMPT, TOOL


def finish(seen, response):
    calls = response.message.additional_kwargs.get("tool_calls") or []
    for at, call in enumerate(calls):
        seen.choice()["calls"][at] = [call.function.name or "", call.function.arguments or ""]
    raw = response.raw
    raw = raw if isinstance(raw, dict) else raw.model_dump()
    for choice in raw.get("choices") or []:
        seen.finish(choice.get("finish_reason"))
    if raw.get("usage"):
        seen.counts(*(raw["usage"][name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")))


def ask(task, seen):
    llm = OpenAILike(
        model=task["model"],
        api_base=task["baseURL"],
        api_key=KEY,
        timeout=PATIENCE,
        # It waits for up to 20 s before each, on top of the official client's.
        max_retries=2,
        is_chat_model=True,
        is_function_calling_model=True,
    )
    messages = [ChatMessage(role="user", content=PROMPT)]
    more = {"tools": [TOOL]} if task["tools"] else {}
    if task["usage"]:
        more["stream_options"] = {"include_usage": True}
    if task["stream"]:
        for response in llm.stream_chat(messages, **more):
            seen.text(response.delta)
            finish(seen, response)
        return
    response = llm.chat(messages, **more)
    seen.text(response.message.content)
    finish(seen, response)
