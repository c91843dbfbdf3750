package org.vm.shell.internal.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.vm.shell.internal.command.FakeBundles;
import org.vm.shell.internal.command.FakeReplacer;

class BundleFilesTest {
    private final FakeReplacer replacer = new FakeReplacer();
    private final FakeBundles bundles = new FakeBundles();
    private final BundleFiles files = new BundleFiles(bundles.context());

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
        assertTrue(files.canHandle(jar("a.jar", "org.example.a")));
        assertFalse(files.canHandle(jar("b.jar", null)));
        assertFalse(files.canHandle(jar("c.zip", "org.example.c")));
        assertFalse(files.canHandle(Files.writeString(folder.resolve("d.jar"), "no jar").toFile()));
    }

    @Test
    void aBundleComesAndGoesWithItsFile() throws Exception {
        File file = jar("a.jar", "org.example.a");
        files.install(file);
        files.uninstall(file);
        assertEquals(List.of("getInitialBundleStartLevel", "setInitialBundleStartLevel 3", "install", "setInitialBundleStartLevel 1",
                "start org.example.a", "uninstall org.example.a", "refreshBundles"), bundles.calls);
    }

    @Test
    void whatLacksSomethingIsStartedWhenSomethingElseComes() throws Exception {
        bundles.lacking = true;
        files.install(jar("a.jar", "org.example.a"));
        assertFalse(bundles.calls.contains("start org.example.a"));
        bundles.lacking = false;
        bundles.calls.clear();
        files.install(jar("b.jar", "org.example.b"));
        assertEquals(2, bundles.calls.stream().filter("start org.example.a"::equals).count(), "every bundle is org.example.a here");
    }

    @Test
    void aJarOverAnOldOneReplacesTheBundle() throws Exception {
        File file = jar("a.jar", "org.example.a");
        bundles.add("org.example.a", "1", file.toURI().toString());
        files.update(file);
        assertEquals(List.of("update org.example.a", "start org.example.a"), bundles.calls, "nobody is there to replace it");
        bundles.calls.clear();
        files.bindReplacer(replacer);
        files.update(file);
        replacer.failure = "it did not start";
        files.update(file);
        assertEquals(2, replacer.calls.size());
        assertEquals(List.of(), bundles.calls, "rejected or not, what is there is not touched");
        bundles.state = Bundle.RESOLVED;
        replacer.standIns = Map.of(0L, 7L);
        files.update(file);
        assertEquals(3, replacer.calls.size(), "another one works in its place, on trial");
        bundles.state = Bundle.ACTIVE;
        files.update(jar("a.jar", "org.example.other"));
        assertEquals(List.of("update org.example.a", "start org.example.a"), bundles.calls, "it is another bundle now");
    }
}
