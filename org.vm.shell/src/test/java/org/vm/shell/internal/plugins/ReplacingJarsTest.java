package org.vm.shell.internal.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.shell.internal.command.FakeBundles;
import org.vm.shell.internal.command.FakeReplacer;

class ReplacingJarsTest {
    private final FakeReplacer replacer = new FakeReplacer();
    private final FakeBundles bundles = new FakeBundles();
    private final ReplacingJars jars = new ReplacingJars(bundles.context());

    @TempDir
    private Path folder;

    private File jar(String name, String symbolicName) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        if (symbolicName != null) {
            manifest.getMainAttributes().putValue("Bundle-SymbolicName", symbolicName);
        }
        Path file = folder.resolve(name);
        new JarOutputStream(Files.newOutputStream(file), manifest).close();
        return file.toFile();
    }

    @Test
    void onlyBundlesAreOfInterest() throws Exception {
        assertTrue(jars.canHandle(jar("a.jar", "org.example.a")));
        assertFalse(jars.canHandle(jar("b.jar", null)));
        assertFalse(jars.canHandle(jar("c.zip", "org.example.c")));
        assertFalse(jars.canHandle(Files.writeString(folder.resolve("d.jar"), "no jar").toFile()));
    }

    @Test
    void aJarThatIsNewIsInstalledAsAlways() throws Exception {
        jars.bindReplacer(replacer);
        URL url = jar("a.jar", "org.example.a").toURI().toURL();
        assertEquals(url, jars.transform(url));
        assertEquals(List.of(), replacer.calls);
    }

    @Test
    void aJarOverAnOldOneReplacesTheBundle() throws Exception {
        File file = jar("a.jar", "org.example.a");
        URL url = file.toURI().toURL();
        bundles.add("org.example.a", "1", file.toURI().toString());
        assertEquals(url, jars.transform(url), "nobody is there to replace it");
        jars.bindReplacer(replacer);
        assertNull(jars.transform(url));
        assertEquals(1, replacer.calls.size());
        replacer.failure = "it did not start";
        assertNull(jars.transform(url), "the version before stays");
        jars.unbindReplacer(replacer);
        assertEquals(url, jars.transform(url));
    }
}
