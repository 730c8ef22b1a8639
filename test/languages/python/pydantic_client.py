"""pydantic-ai, by its requests to a model."""

from pydantic_ai.direct import model_request_stream_sync, model_request_sync
from pydantic_ai.messages import ModelRequest, TextPart, ToolCallPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from seen import KEY, PARAMETERS, PATIENCE, PROMPT

WEATHER = ToolDefinition(name="get_weather", parameters_json_schema=PARAMETERS)


def add(seen, response):
    seen.choices.clear()
    calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
    seen.text("".join(part.content for part in response.parts if isinstance(part, TextPart)))
    seen.finish(response.finish_reason)
    for at, part in enumerate(calls):
        seen.call(part.tool_name, part.args_as_json_str() if isinstance(part.args, dict) else part.args, at)
    usage = response.usage
    if usage.input_tokens or usage.output_tokens:
        seen.counts(usage.input_tokens, usage.output_tokens)


def ask(task, seen):
    model = OpenAIChatModel(task["model"], provider=OpenAIProvider(base_url=task["baseURL"], api_key=KEY))
    asked = {
        "model": model,
        "messages": [ModelRequest.user_text_prompt(PROMPT)],
        "model_settings": ModelSettings(timeout=PATIENCE),
        "model_request_parameters": ModelRequestParameters(function_tools=[WEATHER] if task["tools"] else []),
    }
    if not task["stream"]:
        add(seen, model_request_sync(**asked))
        return
    with model_request_stream_sync(**asked) as stream:
        try:
            for _ in stream:
                pass
        finally:
            add(seen, stream.response)
