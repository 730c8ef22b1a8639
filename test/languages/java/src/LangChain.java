import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** langchain4j, whose streams tell a handler what comes. */
final class LangChain {
  private static final ToolSpecification WEATHER =
      ToolSpecification.builder()
          .name("get_weather")
          .parameters(JsonObjectSchema.builder().addStringProperty("city").required("city").build())
          .build();

  /** What it calls the finishes of OpenAI. */
  private static final Map<String, String> FINISHES =
      Map.of("TOOL_EXECUTION", "tool_calls", "STOP", "stop", "LENGTH", "length", "CONTENT_FILTER", "content_filter");

  static void ask(Main.Task task, Seen seen) throws Exception {
    ChatRequest.Builder request = ChatRequest.builder().messages(UserMessage.from(Main.PROMPT));
    if (task.tools()) request.toolSpecifications(WEATHER);
    if (!task.stream()) {
      OpenAiChatModel model =
          OpenAiChatModel.builder()
              .baseUrl(task.baseUrl())
              .apiKey(Main.KEY)
              .modelName(task.model())
              .timeout(Duration.ofSeconds(4))
              .build();
      add(model.chat(request.build()), seen);
      return;
    }
    OpenAiStreamingChatModel model =
        OpenAiStreamingChatModel.builder()
            .baseUrl(task.baseUrl())
            .apiKey(Main.KEY)
            .modelName(task.model())
            .timeout(Duration.ofSeconds(4))
            .build();
    CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
    model.chat(
        request.build(),
        new StreamingChatResponseHandler() {
          @Override
          public void onPartialResponse(String text) {
            seen.choice(0).text.append(text);
          }

          @Override
          public void onCompleteResponse(ChatResponse response) {
            whole.complete(response);
          }

          @Override
          public void onError(Throwable error) {
            whole.completeExceptionally(error);
          }
        });
    ChatResponse response = whole.get(20, java.util.concurrent.TimeUnit.SECONDS);
    seen.forget();
    add(response, seen);
  }

  private static void add(ChatResponse response, Seen seen) {
    Seen.Choice choice = seen.choice(0);
    String text = response.aiMessage().text();
    if (text != null) choice.text.append(text);
    if (response.finishReason() != null) choice.finish = FINISHES.get(response.finishReason().name());
    for (ToolExecutionRequest call : response.aiMessage().toolExecutionRequests()) {
      choice.call(choice.calls.size(), call.name(), call.arguments());
    }
    var usage = response.tokenUsage();
    if (usage != null && usage.totalTokenCount() != null) {
      seen.counts(usage.inputTokenCount(), usage.outputTokenCount(), usage.totalTokenCount());
    }
  }
}
