package org.vm.backend.agent.internal;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import org.vm.api.hotplug.GuestAgentException;
import org.vm.api.hotplug.GuestAgentException.Reason;

/**
 * The protocol of qemu-guest-agent (QEMU Guest Agent Protocol Reference): a JSON object a line, one answer to each
 * request, in order. For one opening of the port, and one thread.
 */
final class AgentProtocol {
    /** Never part of UTF-8: what stands before it in the stream is left over from somebody else. */
    private static final char DELIMITER = 0xFF;

    private final AgentPort port;
    private final long opening;
    private long syncs;

    /** @param seed something that earlier conversations over the port did not begin with */
    AgentProtocol(AgentPort port, long opening, int seed) {
        this.port = port;
        this.opening = opening;
        this.syncs = Integer.toUnsignedLong(seed);
    }

    /** Whether the port is still open. */
    boolean alive() {
        return port.isOpen(opening);
    }

    /**
     * Makes both ends start anew: the agent forgets half a request, we skip answers to earlier ones.
     *
     * @param deadline of {@link System#nanoTime}
     * @return whether the agent has answered
     */
    boolean synchronize(long deadline) throws InterruptedException {
        long id = ++syncs;
        JsonObject arguments = new JsonObject();
        arguments.addProperty("id", id);
        port.send((DELIMITER + request("guest-sync-delimited", arguments)).getBytes(StandardCharsets.ISO_8859_1));
        for (String line = port.receive(opening, deadline); line != null; line = port.receive(opening, deadline)) {
            int start = line.lastIndexOf(DELIMITER);
            if (start >= 0 && answers(line.substring(start + 1), id)) {
                return true;
            }
        }
        return false;
    }

    private static boolean answers(String line, long id) {
        try {
            return read(parse(line), answer -> answer.get("return").getAsLong()) == id;
        } catch (GuestAgentException nonsense) {
            return false;
        }
    }

    /**
     * Asks for something and waits for the answer.
     *
     * @param deadline of {@link System#nanoTime}
     * @return what the agent returned
     */
    JsonElement call(String command, JsonObject arguments, long deadline) throws InterruptedException {
        port.send(request(command, arguments).getBytes(StandardCharsets.UTF_8));
        String line = port.receive(opening, deadline);
        if (line == null) {
            throw alive()
                    ? new GuestAgentException(Reason.TIMED_OUT, "the guest's agent did not answer to " + command + " in time")
                    : new GuestAgentException(Reason.DISCONNECTED, "the guest's agent went away before it answered to " + command);
        }
        JsonObject answer = parse(new String(line.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
        if (answer.has("error")) {
            throw new GuestAgentException(Reason.REFUSED, "the guest's agent refused " + command + ": "
                    + read(answer, a -> printable(a.getAsJsonObject("error").get("desc").getAsString())));
        }
        if (!answer.has("return")) {
            throw nonsense(null);
        }
        return answer.get("return");
    }

    private static String request(String command, JsonObject arguments) {
        JsonObject request = new JsonObject();
        request.addProperty("execute", command);
        if (!arguments.isEmpty()) {
            request.add("arguments", arguments);
        }
        return request + "\n";
    }

    private static JsonObject parse(String line) {
        try {
            JsonReader reader = new JsonReader(new StringReader(line));
            reader.setStrictness(Strictness.STRICT);
            JsonObject object = JsonParser.parseReader(reader).getAsJsonObject();
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw nonsense(null);
            }
            return object;
        } catch (JsonParseException | IllegalStateException | IOException e) {
            throw nonsense(e);
        }
    }

    /** Takes something out of an answer, whose shape is the guest's choice. */
    static <E extends JsonElement, T> T read(E answer, Function<E, T> reading) {
        try {
            return reading.apply(answer);
        } catch (RuntimeException e) {
            throw nonsense(e);
        }
    }

    private static GuestAgentException nonsense(Exception cause) {
        GuestAgentException failure = new GuestAgentException(Reason.REFUSED, "the guest's agent answered with nonsense");
        failure.initCause(cause);
        return failure;
    }

    /** Text of the guest, fit for a person's terminal. */
    static String printable(String text) {
        String shortened = text.length() <= 200 ? text : text.substring(0, 200) + "…";
        return shortened.replaceAll("\\p{Cntrl}", "?");
    }
}
