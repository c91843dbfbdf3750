package org.vm.bench.guest;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A program of this host, which does a short job and prints something. */
record Tool(Path program) {
    /** @param path value of the variable PATH */
    static Optional<Tool> find(String name, String path) {
        return Stream.of(path.split(File.pathSeparator)).filter(folder -> !folder.isBlank())
                .map(folder -> Path.of(folder, name)).filter(Files::isExecutable).findFirst().map(Tool::new);
    }

    /** @param remedy what to do if it is missing */
    static Tool find(String name, String path, String remedy) {
        return find(name, path).orElseThrow(() -> new BenchException("there is no " + name + " on the PATH; " + remedy));
    }

    /**
     * Runs it to its end. Its errors go to ours.
     *
     * @return what it printed
     */
    String run(Duration limit, String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        Process process = null;
        Path printed = null;
        try {
            printed = Files.createTempFile("vmm-bench", ".txt");
            process = new ProcessBuilder(command).redirectOutput(printed.toFile())
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
                throw new BenchException(String.join(" ", command) + " did not end within " + limit.toSeconds() + " s");
            }
            if (process.exitValue() != 0) {
                throw new BenchException(String.join(" ", command) + " failed with status " + process.exitValue());
            }
            return Files.readString(printed, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new BenchException("cannot run " + program + ": " + e.getMessage(), e);
        } finally {
            if (process != null) {
                process.destroyForcibly();
            }
            delete(printed);
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new BenchException("cannot delete " + file + ": " + e.getMessage(), e);
        }
    }
}
