import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A reader by hand, with Java's own client and without retries. */
final class ByHand {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  static void ask(Main.Task task, Seen seen) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(task.baseUrl() + "/chat/completions"))
            .version(HttpClient.Version.HTTP_1_1)
            .timeout(Duration.ofSeconds(4))
            .header("content-type", "application/json")
            .header("authorization", "Bearer " + Main.KEY)
            .POST(HttpRequest.BodyPublishers.ofString(body(task)))
            .build();
    HttpResponse<Stream<String>> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofLines());
    if (response.statusCode() >= 400) {
      throw new Seen.Refused(response.statusCode(), response.body().collect(Collectors.joining("\n")));
    }
    // The client's own time limit ends with the head.
    CompletableFuture<Void> reading =
        CompletableFuture.runAsync(
            () -> {
              try {
                read(task, response.body(), seen);
              } catch (java.io.IOException error) {
                throw new java.io.UncheckedIOException(error);
              }
            },
            command -> new Thread(command).start());
    reading.get(4, TimeUnit.SECONDS);
  }

  private static void read(Main.Task task, Stream<String> lines, Seen seen) throws java.io.IOException {
    if (!task.stream()) {
      seen.add(Main.JSON.readTree(lines.collect(Collectors.joining("\n"))));
      return;
    }
    for (Iterator<String> each = lines.iterator(); each.hasNext(); ) {
      String line = each.next();
      if (!line.startsWith("data: ")) continue;
      String data = line.substring("data: ".length()).trim();
      if (data.equals("[DONE]")) return;
      seen.add(Main.JSON.readTree(data));
    }
  }

  private static String body(Main.Task task) {
    ObjectNode made = Main.JSON.createObjectNode().put("model", task.model());
    made.putArray("messages").addObject().put("role", "user").put("content", Main.PROMPT);
    if (task.stream()) made.put("stream", true);
    if (task.n() > 1) made.put("n", task.n());
    if (task.usage()) made.putObject("stream_options").put("include_usage", true);
    if (task.tools()) {
      ObjectNode function = made.putArray("tools").addObject().put("type", "function").putObject("function");
      ObjectNode parameters = function.put("name", "get_weather").putObject("parameters").put("type", "object");
      parameters.putObject("properties").putObject("city").put("type", "string");
      parameters.putArray("required").add("city");
    }
    return made.toString();
  }
}
