import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.openai.errors.OpenAIServiceException;
import dev.langchain4j.exception.HttpException;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** What a client has read of an answer so far. */
final class Seen {
  static final class Choice {
    final StringBuilder text = new StringBuilder();
    final TreeMap<Integer, String[]> calls = new TreeMap<>();
    String finish;

    void call(int at, String name, String arguments) {
      String[] call = calls.computeIfAbsent(at, key -> new String[] {"", ""});
      call[0] += name;
      call[1] += arguments;
    }
  }

  /** What a server said against a request. */
  static final class Refused extends RuntimeException {
    final int status;

    Refused(int status, String text) {
      super(text);
      this.status = status;
    }
  }

  private final TreeMap<Integer, Choice> choices = new TreeMap<>();
  private long[] usage;
  private Throwable error;

  Choice choice(int index) {
    return choices.computeIfAbsent(index, key -> new Choice());
  }

  void forget() {
    choices.clear();
  }

  void counts(long prompt, long completion, long total) {
    usage = new long[] {prompt, completion, total};
  }

  void fail(Throwable raised) {
    boolean isWrapped = raised instanceof ExecutionException || raised instanceof CompletionException;
    error = isWrapped && raised.getCause() != null ? raised.getCause() : raised;
  }

  /** An answer or a chunk as parsed JSON; what has no choices is skipped. */
  void add(JsonNode piece) {
    JsonNode counted = piece.path("usage");
    if (counted.isObject()) {
      counts(
          counted.path("prompt_tokens").asLong(),
          counted.path("completion_tokens").asLong(),
          counted.path("total_tokens").asLong());
    }
    for (JsonNode each : piece.path("choices")) {
      JsonNode said = each.has("delta") ? each.get("delta") : each.path("message");
      Choice choice = choice(each.path("index").asInt());
      if (said.path("content").isTextual()) choice.text.append(said.get("content").asText());
      if (each.path("finish_reason").isTextual()) choice.finish = each.get("finish_reason").asText();
      int at = 0;
      for (JsonNode call : said.path("tool_calls")) {
        JsonNode function = call.path("function");
        choice.call(
            call.path("index").asInt(at++), function.path("name").asText(""), function.path("arguments").asText(""));
      }
    }
  }

  private static Integer statusOf(Throwable error) {
    for (Throwable each = error; each != null; each = each.getCause()) {
      if (each instanceof OpenAIServiceException known) return known.statusCode();
      if (each instanceof HttpException known) return known.statusCode();
      if (each instanceof Refused known) return known.status;
    }
    return null;
  }

  ObjectNode shown() {
    ObjectNode made = Main.JSON.createObjectNode();
    ArrayNode all = made.putArray("choices");
    for (Choice choice : choices.values()) {
      ObjectNode one = all.addObject().put("text", choice.text.toString()).put("finish", choice.finish);
      ArrayNode calls = one.putArray("calls");
      for (String[] call : choice.calls.values()) calls.addArray().add(call[0]).add(call[1]);
    }
    if (usage == null) {
      made.putNull("usage");
    } else {
      ArrayNode counts = made.putArray("usage");
      for (long count : usage) counts.add(count);
    }
    if (error == null) {
      made.putNull("error");
    } else {
      Integer status = statusOf(error);
      made.putObject("error")
          .put("class", error.getClass().getSimpleName())
          .put("status", status == null || status == 200 ? null : status)
          .put("message", String.valueOf(error.getMessage()));
    }
    return made;
  }
}
