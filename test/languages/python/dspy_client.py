"""dspy's language model."""

import dspy

from seen import KEY, PATIENCE, PROMPT, TOOL


def ask(task, seen):
    seen.hides("finish")
    more = {"n": task["n"]} if task["n"] > 1 else {}
    lm = dspy.LM(
        f"openai/{task['model']}", api_base=task["baseURL"], api_key=KEY, cache=False, timeout=PATIENCE, **more
    )
    answers = lm(PROMPT, tools=[TOOL]) if task["tools"] else lm(PROMPT)
    for index, answer in enumerate(answers):
        if isinstance(answer, dict):
            seen.text(answer.get("text"), index)
            for at, call in enumerate(answer.get("tool_calls") or []):
                function = call["function"] if isinstance(call, dict) else call.function
                function = function if isinstance(function, dict) else function.model_dump()
                seen.call(function["name"], function["arguments"], at, index)
        else:
            seen.text(answer, index)
    usage = lm.history[-1]["usage"]
    if usage:
        seen.counts(usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"])
