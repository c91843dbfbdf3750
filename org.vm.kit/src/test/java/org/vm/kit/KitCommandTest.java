package org.vm.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class KitCommandTest {
    @TempDir
    private Path folder;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... arguments) {
        return KitCommand.run(new KitCommand.Surroundings(folder, folder, new PrintStream(out, true), new PrintStream(err, true)), arguments);
    }

    private String said() {
        return out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
    }

    private static List<Path> files(Path root) throws Exception {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aNewProjectHasItsOwnNamesThroughout(Kind kind) throws Exception {
        Path project = new NewProject(kind, new ProjectName("wind-gauge2")).in(folder);
        assertTrue(Files.exists(project.resolve("src/main/java/org/example/windgauge2/WindGauge2.java")));
        assertTrue(Files.exists(project.resolve("src/test/java/org/example/windgauge2/WindGauge2Test.java")));
        for (Path file : files(project)) {
            String text = Files.readString(file);
            for (String left : List.of("template.", "MySensor", "MyExt", "my-sensor", "my-ext", "myext", "my-plugin", "@vm", "@bnd", "@junit", "${bnd", "${project.v")) {
                assertFalse(text.contains(left), file + " still has " + left);
                assertFalse(file.getFileName().toString().contains(left), file.toString());
            }
        }
    }

    @Test
    void theKindIsAnOption() {
        assertEquals(0, run("new", "device", "a"), this::said);
        assertEquals(0, run("new", "device", "b", "--pci"), this::said);
        assertEquals(0, run("new", "device", "c", "--virtio"), this::said);
        assertEquals(0, run("new", "instructions", "d"), this::said);
        assertEquals(2, run("new", "device", "e", "--pci", "--virtio"));
        assertEquals(2, run("new", "toaster", "f"));
        assertEquals(2, run("new"));
        assertTrue(Files.exists(folder.resolve("d/guest/d.c")));
        assertFalse(Files.exists(folder.resolve("e")));
    }

    @Test
    void aFolderThatIsThereIsNotTouched() throws Exception {
        Files.createDirectory(folder.resolve("my-sensor"));
        assertEquals(1, run("new", "device", "my-sensor"));
        assertTrue(said().contains("there is a folder " + folder.resolve("my-sensor") + " already"), this::said);
        assertEquals(List.of(), files(folder.resolve("my-sensor")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"My", "1st", "a b", "a/b", "..", "-a", "a-", "a--b", "new", "class", "", "ü"})
    void aNameThatCannotBeOneIsRefusedInWords(String name) throws Exception {
        assertEquals(1, run("new", "device", "--", name), this::said);
        assertTrue(said().contains("'" + name + "' is no name for a plugin"), this::said);
        assertEquals(List.of(), files(folder));
    }

    @Test
    void whatIsNoProjectIsNotDeveloped() throws Exception {
        for (String jar : List.of("system/3/org.vm.api.jar", "system/3/org.vm.device.virtio.jar", "launcher/slf4j-api.jar", "kit/compile/a.jar")) {
            Files.createDirectories(folder.resolve(jar).getParent());
            Files.createFile(folder.resolve(jar));
        }
        assertEquals(1, run("dev", "nothing"));
        assertTrue(said().contains("no plugin's project") && said().contains("vmm new"), this::said);
    }
}
