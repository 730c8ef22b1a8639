// Reads tasks from the standard input, one a line, and writes what the named client saw of each.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

const (
	key    = "sk-caller-key"
	prompt = "What is the weather in Paris?"
)

type task struct {
	ID      int    `json:"id"`
	BaseURL string `json:"baseURL"`
	Model   string `json:"model"`
	Stream  bool   `json:"stream"`
	Tools   bool   `json:"tools"`
	N       int64  `json:"n"`
	Usage   bool   `json:"usage"`
}

var parameters = map[string]any{
	"type":       "object",
	"properties": map[string]any{"city": map[string]any{"type": "string"}},
	"required":   []string{"city"},
}

var clients = map[string]func(context.Context, task, *seen) error{
	"openai-go": askOfficial,
	"go-openai": askCommunity,
}

type reply struct {
	ID    int    `json:"id"`
	Seen  *shown `json:"seen,omitempty"`
	Crash string `json:"crash,omitempty"`
}

func main() {
	ask := clients[os.Args[1]]
	var turn sync.Mutex
	say := func(line reply) {
		text, err := json.Marshal(line)
		if err != nil {
			panic(err)
		}
		turn.Lock()
		defer turn.Unlock()
		fmt.Println(string(text))
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var one task
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			panic(err)
		}
		go func() {
			defer func() {
				if crash := recover(); crash != nil {
					say(reply{ID: one.ID, Crash: fmt.Sprint(crash)})
				}
			}()
			read := &seen{}
			if err := ask(context.Background(), one, read); err != nil {
				read.fail(err)
			}
			say(reply{ID: one.ID, Seen: read.shown()})
		}()
	}
}
