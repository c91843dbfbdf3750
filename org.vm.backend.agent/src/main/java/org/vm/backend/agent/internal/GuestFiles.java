package org.vm.backend.agent.internal;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.hotplug.GuestAgentException;
import org.vm.api.hotplug.GuestAgentException.Reason;

/** Files of the guest, read and written by its agent, within one deadline. */
final class GuestFiles {
    private static final Logger LOG = LoggerFactory.getLogger(GuestFiles.class);
    /** Most bytes of a file that are read. */
    private static final int MOST = 256 << 10;
    /** Bytes asked for at once; as base64 they fit into a line. */
    private static final int PIECE = 48 << 10;

    private final AgentProtocol agent;
    private final long deadline;

    /** @param deadline of {@link System#nanoTime} */
    GuestFiles(AgentProtocol agent, long deadline) {
        this.agent = agent;
        this.deadline = deadline;
    }

    /** Writes text to a file that is there; returns when the guest's kernel has taken it. */
    void write(String path, String text) throws InterruptedException {
        long handle = open(path, "w");
        try {
            JsonObject data = handle(handle);
            data.addProperty("buf-b64", Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
            agent.call("guest-file-write", data, deadline);
            // The agent buffers: this is where the kernel may refuse.
            agent.call("guest-file-flush", handle(handle), deadline);
        } finally {
            close(path, handle);
        }
    }

    /** The contents of a file, as far as that is sensible. */
    String read(String path) throws InterruptedException {
        long handle = open(path, "r");
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            boolean more = true;
            while (more && bytes.size() < MOST) {
                JsonObject piece = handle(handle);
                piece.addProperty("count", PIECE);
                JsonElement answer = agent.call("guest-file-read", piece, deadline);
                byte[] read = AgentProtocol.read(answer,
                        a -> Base64.getDecoder().decode(a.getAsJsonObject().get("buf-b64").getAsString()));
                bytes.writeBytes(read);
                more = read.length > 0 && !AgentProtocol.read(answer, a -> a.getAsJsonObject().get("eof").getAsBoolean());
            }
            return bytes.toString(StandardCharsets.UTF_8);
        } finally {
            close(path, handle);
        }
    }

    private long open(String path, String mode) throws InterruptedException {
        JsonObject arguments = new JsonObject();
        arguments.addProperty("path", path);
        arguments.addProperty("mode", mode);
        return AgentProtocol.read(agent.call("guest-file-open", arguments, deadline), JsonElement::getAsLong);
    }

    /** An agent that is silent is not asked again, and one that refuses to close a file has none to close. */
    private void close(String path, long handle) throws InterruptedException {
        if (System.nanoTime() < deadline && agent.alive()) {
            try {
                agent.call("guest-file-close", handle(handle), deadline);
            } catch (GuestAgentException e) {
                if (e.reason() != Reason.REFUSED) {
                    throw e;
                }
                LOG.debug("{} not closed", AgentProtocol.printable(path), e);
            }
        }
    }

    private static JsonObject handle(long handle) {
        JsonObject arguments = new JsonObject();
        arguments.addProperty("handle", handle);
        return arguments;
    }
}
