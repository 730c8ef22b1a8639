package main

import (
	"context"
	"time"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// askOfficial reads a stream by the client's own accumulator.
func askOfficial(ctx context.Context, one task, read *seen) error {
	client := openai.NewClient(
		option.WithBaseURL(one.BaseURL),
		option.WithAPIKey(key),
		option.WithRequestTimeout(4*time.Second),
	)
	params := openai.ChatCompletionNewParams{
		Model:    one.Model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)},
	}
	if one.Tools {
		params.Tools = []openai.ChatCompletionToolUnionParam{
			openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: "get_weather", Parameters: parameters}),
		}
	}
	if one.N > 1 {
		params.N = openai.Int(one.N)
	}
	if !one.Stream {
		answer, err := client.Chat.Completions.New(ctx, params)
		if err == nil {
			addOfficial(read, answer)
		}
		return err
	}
	if one.Usage {
		params.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	}
	stream := client.Chat.Completions.NewStreaming(ctx, params)
	defer stream.Close()
	var whole openai.ChatCompletionAccumulator
	for stream.Next() {
		whole.AddChunk(stream.Current())
	}
	addOfficial(read, &whole.ChatCompletion)
	return stream.Err()
}

func addOfficial(read *seen, answer *openai.ChatCompletion) {
	for index, each := range answer.Choices {
		one := read.choice(index)
		one.text = each.Message.Content
		one.finish = each.FinishReason
		for at, call := range each.Message.ToolCalls {
			one.call(at, call.Function.Name, call.Function.Arguments)
		}
	}
	read.counts(answer.Usage.PromptTokens, answer.Usage.CompletionTokens, answer.Usage.TotalTokens)
}
