"""LangChain's chat model."""

from langchain_openai import ChatOpenAI

from seen import KEY, PATIENCE, PROMPT, TOOL


def model(task):
    more = {"n": task["n"]} if task["n"] > 1 else {}
    return ChatOpenAI(
        model=task["model"], base_url=task["baseURL"], api_key=KEY, timeout=PATIENCE, stream_usage=task["usage"], **more
    )


def add(seen, message, index=0):
    seen.text(message.text if isinstance(message.text, str) else message.text(), index)
    seen.finish(message.response_metadata.get("finish_reason"), index)
    if message.usage_metadata:
        usage = message.usage_metadata
        seen.counts(usage["input_tokens"], usage["output_tokens"], usage["total_tokens"])


def ask(task, seen):
    llm = model(task)
    asked = llm.bind_tools([TOOL]) if task["tools"] else llm
    if task["stream"]:
        for piece in asked.stream(PROMPT):
            add(seen, piece)
            for call in piece.tool_call_chunks:
                seen.call(call["name"], call["args"], call["index"])
        return
    if task["n"] > 1:
        for index, generation in enumerate(llm.generate([[("user", PROMPT)]]).generations[0]):
            add(seen, generation.message, index)
        return
    message = asked.invoke(PROMPT)
    add(seen, message)
    for at, call in enumerate(message.additional_kwargs.get("tool_calls", [])):
        seen.call(call["function"]["name"], call["function"]["arguments"], at)
