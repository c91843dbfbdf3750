package org.vm.shell.internal.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.replace.BundleReplacer;
import org.vm.shell.internal.command.Invocation.CommandFailure;
import org.vm.shell.internal.prompt.Completion;

/** How people replace bundles. */
class ReplacementCommandsTest {
    private final FakeReplacer replacer = new FakeReplacer();
    private final FakeBundles bundles = new FakeBundles();
    private final StringWriter output = new StringWriter();
    private final Shell shell = new Shell(new FakeManager("linux"), new Consoles(), () -> null,
            new Screen(new PrintWriter(output), Optional.empty()), this::find);

    @TempDir
    private Path folder;
    private Path jar;

    private <T> Optional<T> find(Class<T> type) {
        return type == BundleReplacer.class ? Optional.of(type.cast(replacer))
                : type == Bundles.class ? Optional.of(type.cast(new Bundles(bundles.context()))) : Optional.empty();
    }

    @BeforeEach
    void aBundle() throws Exception {
        jar = Files.writeString(folder.resolve("sensor.jar"), "new");
        bundles.add("org.example.shell", "1", "test:shell").add("org.example.sensor", "1", jar.toUri().toString())
                .add("org.example.other", "1", "test:other");
    }

    private String run(String line) {
        output.getBuffer().setLength(0);
        List<String> words = List.of(line.split(" "));
        Invocation.run(words.getFirst(), shell, words.subList(1, words.size()));
        return output.toString();
    }

    private String failure(String line) {
        return assertThrows(CommandFailure.class, () -> run(line)).getMessage();
    }

    @Test
    void aBundleIsReplacedByTheFileThatItCameFrom() {
        assertEquals("""
                bundle 'org.example.sensor' is version 1.1.0 now, instead of 1.0.0
                linux/disk0, linux/net0 waited for 12 ms
                for 5 s it is on trial: if it fails, version 1.0.0 is put back; see: replacements
                """, run("update org.example.sensor"));
        run("update 1 --trial 30");
        assertEquals(List.of("1 new 5", "1 new 30"), replacer.calls);
    }

    @Test
    void whatStandsInForABundleIsNotMeantByItsName() {
        bundles.add("org.example.sensor", "1.1", "stand-in for sensor");
        assertTrue(failure("update org.example.sensor").contains("which bundle"), "they are two bundles");
        replacer.standIns = Map.of(1L, 3L);
        run("update org.example.sensor");
        assertEquals(List.of("1 new 5"), replacer.calls);
    }

    @Test
    void whereThePauseWentIsSaid() {
        replacer.steps.put("stop", Duration.ofMillis(3));
        replacer.steps.put("update", Duration.ofNanos(999_999));
        replacer.steps.put("start", Duration.ofNanos(8_400_000));
        assertTrue(run("update org.example.sensor").contains("waited for 12 ms (stop 3, start 8)\n"));
        assertTrue(run("replacements").lines().toList().get(1).endsWith("on trial  stop 3, start 8"), () -> run("replacements"));
    }

    @Test
    void orByAnotherFile() throws Exception {
        Path other = Files.writeString(folder.resolve("other.jar"), "newer");
        replacer.devices = List.of();
        assertEquals("""
                bundle 'org.example.sensor' is version 1.1.0 now, instead of 1.0.0
                it has no devices that are in use
                """, run("update org.example.sensor " + other + " --trial 0"));
        assertEquals(List.of("1 newer 0"), replacer.calls);
    }

    @Test
    void whatCannotBeIsSaid() throws Exception {
        assertTrue(failure("update org.example.nix").contains("there is no bundle 'org.example.nix'"));
        assertTrue(failure("update org.example.sensor /nowhere.jar").contains("there is no file '/nowhere.jar'"));
        assertTrue(failure("update org.example.other").contains("name one: update org.example.other FILE"));
        assertTrue(failure("update 0").contains("this shell runs on bundle 'org.example.shell'"));
        bundles.add("org.example.sensor", "2", "test:second");
        assertTrue(failure("update org.example.sensor").contains("1 (version 1.0.0), 3 (version 2.0.0)"));
        Files.delete(jar);
        assertTrue(failure("update 1").contains("not there any more"));
        assertEquals(List.of(), replacer.calls);
    }

    @Test
    void aVersionThatIsTakenBackIsAFailureAndInTheHistory() {
        assertTrue(run("replacements").contains("no bundle was replaced yet"));
        run("update org.example.sensor");
        replacer.failure = "it did not start";
        assertEquals("it did not start", failure("update org.example.sensor"));
        String history = run("replacements");
        assertTrue(history.contains("on trial") && history.contains("rolled back") && history.contains("12 ms"), history);
        assertTrue(history.endsWith(" it did not start\n"), history);
    }

    @Test
    void bundlesAndFilesAreCompleted() {
        Completion completion = new Completion(shell);
        assertEquals(List.of("org.example.other", "org.example.sensor", "org.example.shell"), completion.candidates(List.of("update", ""), 1, Set.of()));
        assertTrue(completion.wantsFile(List.of("update", "org.example.sensor", ""), 2));
        assertFalse(completion.wantsFile(List.of("update", "org.example.sensor", "--trial", ""), 3));
    }
}
