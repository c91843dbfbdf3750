package org.vm.kit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DevLoopTest {
    private static final List<Path> API = Stream.of(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
            .split(File.pathSeparator)).map(Path::of).filter(Files::exists).toList();

    @TempDir
    private Path folder;
    private Path plugins;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @BeforeEach
    void makePlugins() throws Exception {
        plugins = Files.createDirectory(folder.resolve("plugins"));
    }

    private DevLoop loop(Kind kind) throws Exception {
        Path project = new NewProject(kind, new ProjectName("my-thing")).in(folder);
        return new DevLoop(new Plugin(project, new SourceCompiler(API), new BundleMaker("my-thing", API)), plugins, new PrintStream(out, true));
    }

    private String said() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private List<String> there() throws Exception {
        try (Stream<Path> all = Files.list(plugins)) {
            return all.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private void edit(String from, String to) throws Exception {
        Path source = folder.resolve("my-thing/src/main/java/org/example/mything/MyThing.java");
        String text = Files.readString(source);
        assertTrue(text.contains(from), from);
        Files.writeString(source, text.replace(from, to));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aNewProjectIsABundleWithItsComponent(Kind kind) throws Exception {
        assertTrue(loop(kind).turn(), this::said);
        try (JarFile jar = new JarFile(plugins.resolve("my-thing.jar").toFile())) {
            Manifest manifest = jar.getManifest();
            assertEquals("my-thing", manifest.getMainAttributes().getValue("Bundle-SymbolicName"));
            assertEquals("OSGI-INF/org.example.mything.MyThing.xml", manifest.getMainAttributes().getValue("Service-Component"));
            String imports = manifest.getMainAttributes().getValue("Import-Package");
            assertTrue(imports.contains("org.vm.api.") && !imports.contains("internal"), imports);
        }
        assertEquals(kind == Kind.INSTRUCTIONS ? List.of("my-thing.jar") : List.of("my-thing.jar", "org.example.mything~my-thing.cfg"), there());
    }

    @Test
    void whatDoesNotCompileIsShownWithItsLineAndTheVersionBeforeStays() throws Exception {
        DevLoop loop = loop(Kind.MMIO);
        assertTrue(loop.look());
        byte[] good = Files.readAllBytes(plugins.resolve("my-thing.jar"));
        edit("return width != 4 ? 0", "return width != four ? 0");
        assertTrue(loop.look());
        assertTrue(said().contains("src/main/java/org/example/mything/MyThing.java:58: cannot find symbol"), this::said);
        assertTrue(said().contains("the version before this one stays"), this::said);
        assertArrayEquals(good, Files.readAllBytes(plugins.resolve("my-thing.jar")));
        assertFalse(loop.look(), "nothing was saved");
        edit("return width != four ? 0", "return width == 8 ? 0");
        assertTrue(loop.look());
        assertTrue(Files.mismatch(plugins.resolve("my-thing.jar"), Files.write(folder.resolve("good"), good)) >= 0);
    }

    @Test
    void aConfigurationIsTakenOverWhenItIsSaved() throws Exception {
        DevLoop loop = loop(Kind.MMIO);
        loop.look();
        Path configuration = folder.resolve("my-thing/plugins/org.example.mything~my-thing.cfg");
        Files.writeString(configuration, "vm=other\n");
        assertTrue(loop.look());
        assertEquals("vm=other\n", Files.readString(plugins.resolve(configuration.getFileName())));
        Files.move(configuration, configuration.resolveSibling("org.example.mything~second.cfg"));
        assertTrue(loop.look());
        assertEquals(List.of("my-thing.jar", "org.example.mything~second.cfg"), there());
    }

    @Test
    void whatWasPutThereIsTakenAwayAndNothingElse() throws Exception {
        Files.createFile(plugins.resolve("README.txt"));
        DevLoop loop = loop(Kind.VIRTIO);
        loop.look();
        loop.takeAway();
        assertEquals(List.of("README.txt"), there());
    }
}
