package clients;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import static java.nio.charset.StandardCharsets.UTF_8;

/** How the programs for the JVM take their plan and report: as reporting.py does for Python. */
public final class Reporting {
    public static final ObjectMapper JSON = new ObjectMapper();

    private static final PrintStream OUT = new PrintStream(System.out, true, UTF_8);

    private final JsonNode plan;

    /** Takes the arguments of a program, of which the last is the file with the plan. */
    public Reporting(String[] words) throws IOException {
        plan = JSON.readTree(Path.of(words[words.length - 1]).toFile());
    }

    /** Something that a scenario wants; takes what is asked for, and returns what was seen. */
    public interface Act {
        Map<String, ?> see(JsonNode asked) throws Exception;
    }

    /** The daemon's address. */
    public String url() {
        return plan.get("url").asText();
    }

    /** Does what the plan says, and reports; of the client is known a class that it consists of. */
    public void report(Class<?> client, Map<String, Act> acts) throws IOException {
        say(JSON.createObjectNode().put("version", versionOf(client)));
        for (Map.Entry<String, JsonNode> scenario : plan.get("scenarios").properties()) {
            ObjectNode told = JSON.createObjectNode().put("scenario", scenario.getKey());
            try {
                told.set("saw", JSON.valueToTree(acts.get(scenario.getKey()).see(scenario.getValue())));
            } catch (Throwable error) {  // an Error, too: a class may be missing
                told.put("raised", textOf(error));
            }
            say(told);
        }
    }

    /** All that an exception says, with what it was caused by. */
    public static String textOf(Throwable error) {
        String cause = error.getCause() == null ? "" : "; caused by " + textOf(error.getCause());
        return error + cause;
    }

    private static String versionOf(Class<?> client) {
        String file = client.getProtectionDomain().getCodeSource().getLocation().getPath();
        Matcher version = Pattern.compile("-(\\d[^/]*)\\.jar$").matcher(file);
        return version.find() ? version.group(1) : "none in " + file;
    }

    private static void say(ObjectNode value) throws IOException {
        OUT.println("\n" + JSON.writeValueAsString(value));
    }
}
