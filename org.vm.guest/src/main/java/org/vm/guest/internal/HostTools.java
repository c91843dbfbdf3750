package org.vm.guest.internal;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.vm.api.VmException;

/** Programs of the host, run below the priority of everything else; what they say is kept in a log file. */
final class HostTools {
    private static final int TAIL = 15;
    private static final List<String> NICE = List.of("nice", "-n", "19");

    /** A program, and the Debian package that has it. */
    record Program(String name, String debianPackage) {}

    /** Feeds a program's standard input. */
    interface Input {
        Input NONE = out -> { };

        void writeTo(OutputStream out) throws IOException;
    }

    private final List<Path> path;
    private final Map<String, String> environment;

    /** @param searchPath where programs are, as in the environment variable PATH */
    HostTools(String searchPath, Map<String, String> environment) {
        this.path = Arrays.stream(searchPath.split(":")).filter(folder -> !folder.isEmpty()).map(Path::of).toList();
        this.environment = environment;
    }

    /** @throws VmException naming the packages to install, if a program is not there */
    void require(String purpose, List<Program> programs) {
        List<Program> missing = programs.stream().filter(program -> path.stream()
                .noneMatch(folder -> Files.isExecutable(folder.resolve(program.name)))).toList();
        if (!missing.isEmpty()) {
            throw new VmException(purpose + " needs " + String.join(", ", missing.stream().map(Program::name).toList())
                    + ", which this host lacks; on Debian and its relatives: apt-get install "
                    + String.join(" ", new TreeSet<>(missing.stream().map(Program::debianPackage).toList())));
        }
    }

    /**
     * Runs a program to its end. If this thread is interrupted or the JVM ends, the program ends with all that it started.
     *
     * @param log   gets its output, behind what is there
     * @param lines is told each line of its output
     * @throws VmException with the end of its output, if it fails
     */
    void run(String what, List<String> command, Path log, Input input, Consumer<String> lines) throws IOException {
        List<String> words = new ArrayList<>(NICE);
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        AtomicBoolean stopped = new AtomicBoolean();
        Thread end = Thread.ofPlatform().name("end of " + command.getFirst()).unstarted(() -> {
            stopped.set(true);
            kill(process);
        });
        Runtime.getRuntime().addShutdownHook(end);
        try {
            // Both ends at once: a program that is not read from does not read either.
            CompletableFuture<Deque<String>> output = CompletableFuture.supplyAsync(() -> read(process, log, lines),
                    task -> Thread.ofVirtual().start(task));
            IOException broken = feed(process, input);
            int status = process.waitFor();
            String tail = String.join("\n", output.get());
            if (stopped.get()) {
                throw interrupted(what, null);
            }
            if (status != 0 || broken != null) {
                throw new VmException(what + " failed: " + command.getFirst() + " ended with status " + status
                        + "; all it said is in " + log + ", which ends with:\n" + tail, broken);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(what, e);
        } catch (ExecutionException e) {
            throw new VmException(what + " failed: " + e.getCause().getMessage(), e.getCause());
        } finally {
            kill(process);
            try {
                Runtime.getRuntime().removeShutdownHook(end);
            } catch (IllegalStateException shuttingDown) {
                // The hook runs already, and does what was done here.
            }
        }
    }

    private static VmException interrupted(String what, InterruptedException cause) {
        return new VmException(what + " was interrupted; what is done is kept, and the next try goes on from there", cause);
    }

    /** @return why the program did not take all of it, {@code null} if it did */
    private static IOException feed(Process process, Input input) {
        try (OutputStream out = process.getOutputStream()) {
            input.writeTo(out);
            return null;
        } catch (IOException e) {
            return e;
        }
    }

    private static Deque<String> read(Process process, Path log, Consumer<String> lines) {
        Deque<String> tail = new ArrayDeque<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
                Writer out = Files.newBufferedWriter(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.write(line + "\n");
                tail.add(line);
                if (tail.size() > TAIL) {
                    tail.remove();
                }
                lines.accept(line);
            }
            return tail;
        } catch (IOException e) {
            throw new VmException("its output cannot be kept in " + log + ": " + e.getMessage(), e);
        }
    }

    private static void kill(Process process) {
        process.descendants().forEach(ProcessHandle::destroy);
        // Not process.destroy(), which would close the streams while they are read.
        process.toHandle().destroy();
    }
}
