"""OpenAI's agents, with a tool whose call ends the run."""

import asyncio

from agents import Agent, ModelSettings, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI

from seen import KEY, PATIENCE, PROMPT

set_tracing_disabled(True)


@function_tool
def get_weather(city: str) -> str:
    """The weather."""
    return city


async def run(task, seen):
    async with AsyncOpenAI(base_url=task["baseURL"], api_key=KEY, timeout=PATIENCE) as client:
        agent = Agent(
            name="Weather",
            model=OpenAIChatCompletionsModel(task["model"], client),
            model_settings=ModelSettings(include_usage=True if task["usage"] else None),
            tools=[get_weather] if task["tools"] else [],
            tool_use_behavior="stop_on_first_tool",
        )
        if task["stream"]:
            result = Runner.run_streamed(agent, PROMPT)
            async for event in result.stream_events():
                data = getattr(event, "data", None)
                if getattr(data, "type", "") == "response.output_text.delta":
                    seen.text(data.delta)
                elif getattr(data, "type", "") == "response.output_item.done" and data.item.type == "function_call":
                    seen.call(data.item.name, data.item.arguments)
        else:
            result = await Runner.run(agent, PROMPT)
            for response in result.raw_responses:
                for item in response.output:
                    if item.type == "function_call":
                        seen.call(item.name, item.arguments)
                    else:
                        seen.text("".join(part.text for part in item.content))
        usage = result.context_wrapper.usage
        if usage.total_tokens:
            seen.counts(usage.input_tokens, usage.output_tokens, usage.total_tokens)


def ask(task, seen):
    seen.hides("finish")
    asyncio.run(run(task, seen))
