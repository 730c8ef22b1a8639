package main

import (
	"context"
	"errors"
	"io"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

// askCommunity reads a stream event by event; this client has no retries, and no time limit but the caller's.
func askCommunity(ctx context.Context, one task, read *seen) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	config := openai.DefaultConfig(key)
	config.BaseURL = one.BaseURL
	client := openai.NewClientWithConfig(config)
	request := openai.ChatCompletionRequest{
		Model:    one.Model,
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: prompt}},
	}
	if one.Tools {
		function := openai.FunctionDefinition{Name: "get_weather", Parameters: parameters}
		request.Tools = []openai.Tool{{Type: openai.ToolTypeFunction, Function: &function}}
	}
	if one.N > 1 {
		request.N = int(one.N)
	}
	if !one.Stream {
		answer, err := client.CreateChatCompletion(ctx, request)
		if err != nil {
			return err
		}
		for index, each := range answer.Choices {
			choice := read.choice(index)
			choice.text = each.Message.Content
			choice.finish = string(each.FinishReason)
			for at, call := range each.Message.ToolCalls {
				choice.call(at, call.Function.Name, call.Function.Arguments)
			}
		}
		usage := answer.Usage
		read.counts(int64(usage.PromptTokens), int64(usage.CompletionTokens), int64(usage.TotalTokens))
		return nil
	}
	if one.Usage {
		request.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	}
	stream, err := client.CreateChatCompletionStream(ctx, request)
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		piece, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		addCommunity(read, piece)
	}
}

func addCommunity(read *seen, piece openai.ChatCompletionStreamResponse) {
	if usage := piece.Usage; usage != nil {
		read.counts(int64(usage.PromptTokens), int64(usage.CompletionTokens), int64(usage.TotalTokens))
	}
	for _, each := range piece.Choices {
		choice := read.choice(each.Index)
		choice.text += each.Delta.Content
		if each.FinishReason != "" {
			choice.finish = string(each.FinishReason)
		}
		for at, call := range each.Delta.ToolCalls {
			if call.Index != nil {
				at = *call.Index
			}
			choice.call(at, call.Function.Name, call.Function.Arguments)
		}
	}
}
