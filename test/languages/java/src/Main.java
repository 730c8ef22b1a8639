import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Reads tasks from the standard input, one a line, and writes what the named client saw of each. */
public final class Main {
  static final String KEY = "sk-caller-key";
  static final String PROMPT = "What is the weather in Paris?";
  static final ObjectMapper JSON = new ObjectMapper();

  /** What is asked for. */
  record Task(int id, String baseUrl, String model, boolean stream, boolean tools, int n, boolean usage) {
    static Task of(JsonNode line) {
      return new Task(
          line.get("id").asInt(),
          line.get("baseURL").asText(),
          line.get("model").asText(),
          line.get("stream").asBoolean(),
          line.get("tools").asBoolean(),
          line.get("n").asInt(),
          line.get("usage").asBoolean());
    }
  }

  interface Client {
    void ask(Task task, Seen seen) throws Exception;
  }

  private static final Map<String, Client> CLIENTS =
      Map.of("openai-java", Official::ask, "langchain4j", LangChain::ask, "java.net.http", ByHand::ask);

  public static void main(String[] args) throws Exception {
    // What libraries print is no reply.
    PrintStream replies = new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
    System.setOut(System.err);
    Client client = CLIENTS.get(args[0]);
    ExecutorService pool = Executors.newFixedThreadPool(48);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Task task = Task.of(JSON.readTree(line));
      pool.submit(
          () -> {
            Seen seen = new Seen();
            try {
              client.ask(task, seen);
            } catch (Throwable error) {
              seen.fail(error);
            }
            synchronized (replies) {
              replies.println(JSON.createObjectNode().put("id", task.id()).set("seen", seen.shown()));
            }
          });
    }
    System.exit(0);
  }
}
