package org.vm.launcher;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Plugins that cannot work, side by side with one that can: the machine runs with that one, and {@code why} has the reasons. */
@DisabledOnOs(OS.WINDOWS)
class WrongPluginsIT {
    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir
    private Path folder;
    private Reader reader;

    @BeforeEach
    void sit() throws Exception {
        reader = new Reader(folder, Path.of("target", "vmm").toAbsolutePath());
    }

    @AfterEach
    void leave() throws Exception {
        reader.close();
    }

    private void device(String name, String base, String from, String to) throws Exception {
        reader.host("./vmm new device " + name, LONG);
        edit(folder.resolve(name + "/plugins/org.example." + name + "~" + name + ".cfg"), "vm=linux", "vm=m");
        edit(folder.resolve(name + "/plugins/org.example." + name + "~" + name + ".cfg"), "base=0x4000000", "base=" + base);
        try (Stream<Path> sources = Files.list(folder.resolve(name + "/src/main/java/org/example/" + name))) {
            edit(sources.findFirst().orElseThrow(), from, to);
        }
        reader.host("./vmm dev --once " + name, LONG);
    }

    private static void edit(Path file, String from, String to) throws Exception {
        String text = Files.readString(file);
        assertTrue(text.contains(from), from + " is not in " + file);
        Files.writeString(file, text.replace(from, to));
    }

    /** Needs a package that nobody has. */
    private void unresolvable() throws Exception {
        Manifest manifest = new Manifest();
        Attributes headers = manifest.getMainAttributes();
        headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        headers.putValue("Bundle-ManifestVersion", "2");
        headers.putValue("Bundle-SymbolicName", "lacking");
        headers.putValue("Import-Package", "org.example.missing");
        new JarOutputStream(Files.newOutputStream(reader.plugins().resolve("lacking.jar")), manifest).close();
        Files.writeString(reader.plugins().resolve("org.example.lacking~lacking.cfg"), "vm=m\n");
    }

    @Test
    void aMachineRunsWithWhatIsGoodAndSaysWhatIsWrongWithTheOthers() throws Exception {
        device("good", "0x4000000", "A thermometer", "A thermometer");
        device("taken", "0x10000000", "A thermometer", "A thermometer");
        device("failing", "0x4100000", "limit = Integer.MAX_VALUE;", "limit = Integer.parseInt(\"much\");");
        device("early", "0x4200000", "line = context.interrupt();", "line = context.interrupt(Integer.parseInt(\"early\"));");
        device("hanging", "0x4300000", "limit = Integer.MAX_VALUE;", """
                limit = hang();

                    private static int hang() {
                        try {
                            new java.util.concurrent.CountDownLatch(1).await();
                            return 0;
                        } catch (InterruptedException e) {
                            throw new IllegalStateException("waited in vain", e);
                        }
                    }
                """);
        unresolvable();
        String said = reader.shell(List.of("create m --guest builtin", "why lacking", "why m", "devices m", "start m", "list"), LONG);
        for (String sentence : List.of(
                "device 'taken' is refused: device 'taken' cannot be mapped at 0x10000000-0x10000fff, because device 'uart'",
                "component org.example.failing.Failing failed: java.lang.NumberFormatException: For input string: \"much\"",
                "device 'early' is refused: device 'early' of machine 'm' failed to attach: java.lang.NumberFormatException: For input string: \"early\"",
                "component org.example.hanging.Hanging failed: java.lang.InterruptedException",
                "bundle 'lacking' does not run: Unable to resolve lacking", "osgi.wiring.package=org.example.missing",
                "machine 'm' runs")) {
            assertTrue(said.contains(sentence), "not said: " + sentence + "\n" + said);
        }
        assertTrue(said.lines().anyMatch(line -> line.matches("good +custom +attached +0x4000000 .*")), said);
    }

    @Test
    void whatNeverComesToTheEndOfItsActivationIsNamed() throws Exception {
        device("endless", "0x4000000", "limit = Integer.MAX_VALUE;", """
                limit = hang();

                    private static int hang() {
                        int rounds = 0;
                        while (System.nanoTime() != 1) {
                            rounds++;
                        }
                        return rounds;
                    }
                """);
        String said = reader.shell(List.of("create m --guest builtin", "why endless", "why"), LONG);
        String sentence = "bundle 'endless': its component org.example.endless.Endless has not come to the end of its activation for ";
        assertTrue(said.split(sentence, -1).length == 4, said);
        assertTrue(said.contains(", and is at ") && said.contains("until then no machine and no device can come, go, or be changed."), said);
    }
}
