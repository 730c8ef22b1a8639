import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The official client; it reads a stream by its own accumulator. */
final class Official {
  private static final FunctionDefinition WEATHER =
      FunctionDefinition.builder()
          .name("get_weather")
          .parameters(
              FunctionParameters.builder()
                  .putAdditionalProperty("type", JsonValue.from("object"))
                  .putAdditionalProperty("properties", JsonValue.from(Map.of("city", Map.of("type", "string"))))
                  .putAdditionalProperty("required", JsonValue.from(List.of("city")))
                  .build())
          .build();

  static void ask(Main.Task task, Seen seen) {
    OpenAIClient client =
        OpenAIOkHttpClient.builder().baseUrl(task.baseUrl()).apiKey(Main.KEY).timeout(Duration.ofSeconds(4)).build();
    try {
      ChatCompletionCreateParams.Builder params =
          ChatCompletionCreateParams.builder().model(task.model()).addUserMessage(Main.PROMPT);
      if (task.tools()) params.addFunctionTool(WEATHER);
      if (task.n() > 1) params.n(task.n());
      if (!task.stream()) {
        add(client.chat().completions().create(params.build()), seen);
        return;
      }
      if (task.usage()) params.streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build());
      ChatCompletionAccumulator whole = ChatCompletionAccumulator.create();
      try (StreamResponse<ChatCompletionChunk> stream =
          client.chat().completions().createStreaming(params.build())) {
        stream.stream()
            .peek(
                chunk ->
                    chunk.choices()
                        .forEach(
                            each ->
                                each.delta().content().ifPresent(seen.choice((int) each.index()).text::append)))
            .forEach(whole::accumulate);
      }
      ChatCompletion answer = whole.chatCompletion();
      seen.forget();
      add(answer, seen);
    } finally {
      client.close();
    }
  }

  private static void add(ChatCompletion answer, Seen seen) {
    for (ChatCompletion.Choice each : answer.choices()) {
      Seen.Choice choice = seen.choice((int) each.index());
      choice.text.append(each.message().content().orElse(""));
      choice.finish = each.finishReason().asString();
      each.message()
          .toolCalls()
          .ifPresent(
              calls ->
                  calls.forEach(
                      call -> {
                        var function = call.asFunction().function();
                        choice.call(choice.calls.size(), function.name(), function.arguments());
                      }));
    }
    answer
        .usage()
        .ifPresent(usage -> seen.counts(usage.promptTokens(), usage.completionTokens(), usage.totalTokens()));
  }
}
