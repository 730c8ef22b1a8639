package main

import (
	"errors"
	"fmt"

	official "github.com/openai/openai-go/v3"
	community "github.com/sashabaranov/go-openai"
)

type choice struct {
	text   string
	finish string
	calls  [][2]string
}

// seen is what a client has read of an answer so far.
type seen struct {
	choices []choice
	usage   *[3]int64
	err     *failure
}

type failure struct {
	Class   string `json:"class"`
	Status  *int   `json:"status"`
	Message string `json:"message"`
}

type shownChoice struct {
	Text   string      `json:"text"`
	Finish *string     `json:"finish"`
	Calls  [][2]string `json:"calls"`
}

type shown struct {
	Choices []shownChoice `json:"choices"`
	Usage   *[3]int64     `json:"usage"`
	Error   *failure      `json:"error"`
}

func (s *seen) choice(index int) *choice {
	for len(s.choices) <= index {
		s.choices = append(s.choices, choice{})
	}
	return &s.choices[index]
}

func (c *choice) call(at int, name, arguments string) {
	for len(c.calls) <= at {
		c.calls = append(c.calls, [2]string{})
	}
	c.calls[at][0] += name
	c.calls[at][1] += arguments
}

func (s *seen) counts(prompt, completion, total int64) {
	if total > 0 {
		s.usage = &[3]int64{prompt, completion, total}
	}
}

func (s *seen) fail(err error) {
	s.err = &failure{Class: fmt.Sprintf("%T", err), Message: err.Error()}
	status := 0
	var known *official.Error
	var api *community.APIError
	var request *community.RequestError
	switch {
	case errors.As(err, &known):
		status = known.StatusCode
		s.err.Message = known.Error() + " " + known.Message
	case errors.As(err, &api):
		status = api.HTTPStatusCode
	case errors.As(err, &request):
		status = request.HTTPStatusCode
	}
	if status != 0 && status != 200 {
		s.err.Status = &status
	}
}

func (s *seen) shown() *shown {
	made := &shown{Choices: []shownChoice{}, Usage: s.usage, Error: s.err}
	for _, each := range s.choices {
		one := shownChoice{Text: each.text, Calls: each.calls}
		if one.Calls == nil {
			one.Calls = [][2]string{}
		}
		if each.finish != "" {
			finish := each.finish
			one.Finish = &finish
		}
		made.Choices = append(made.Choices, one)
	}
	return made
}
